"""What `make security` looks at: our code, secrets in the repository, and what we depend on."""
