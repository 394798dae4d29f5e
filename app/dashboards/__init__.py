"""Pages for operators: signing in by a browser, the dashboards, and what a proxy asks before it shows one."""
