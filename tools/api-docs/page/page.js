const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const followTheme = () => document.documentElement.classList.toggle('dark-mode', prefersDark.matches)
prefersDark.addEventListener('change', followTheme)
followTheme()

const { apiKey } = await (await fetch('/docs/settings.json')).json()
const page = SwaggerUIBundle({
  url: '/v1/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  // Models are shown with the operations that use them.
  defaultModelsExpandDepth: -1,
  // There is no request to a validator on the internet.
  validatorUrl: null,
  onComplete: () => apiKey && page.preauthorizeApiKey('bearer', apiKey),
})
