// Starts Swagger UI, in place of the file of this name that comes with it.
window.onload = () => {
  // Who signed in to the console tries requests by its session, which asks for its token wherever something changes.
  const withToken = async (request) => {
    if (request.loadSpec || ["GET", "HEAD", "OPTIONS"].includes(request.method)) return request;
    const me = await fetch("/api/access/me/");
    const { csrf } = me.ok ? await me.json() : {};
    if (csrf) request.headers["X-Csrf-Token"] = csrf;
    return request;
  };
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    layout: "BaseLayout",
    deepLinking: true,
    displayRequestDuration: true,
    requestInterceptor: withToken,
    // The public validator is on another host.
    validatorUrl: null,
  });
};
