const darkness = window.matchMedia("(prefers-color-scheme: dark)");

// Swagger UI has a dark dress, but does not look itself whether it is wanted.
const dress = () => document.documentElement.classList.toggle("dark-mode", darkness.matches);

dress();
darkness.addEventListener("change", dress);

window.onload = () => {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#api",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    docExpansion: "list",
    operationsSorter: "alpha",
    syntaxHighlight: { theme: "obsidian" },
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
};
