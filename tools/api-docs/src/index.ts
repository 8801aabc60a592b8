import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'

/** The part of the framework that this plugin uses. */
interface Serverless {
  /** Called with the HTTP server of serverless-offline before it starts (see patches/). */
  configureHttpServer?: (server: HttpServer) => void
}

/** The parts of a hapi server that this plugin uses. */
interface HttpServer {
  route(route: {
    method: 'GET'
    path: string
    handler: (request: unknown, toolkit: Toolkit) => Promise<unknown>
  }): void
}

interface Toolkit {
  response(body: string | Buffer): { type(mediaType: string): unknown }
}

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const page = join(import.meta.dirname, '../page')

const FILES: Record<string, [folder: string, name: string, mediaType: string]> = {
  '/docs': [page, 'index.html', 'text/html'],
  '/docs/page.css': [page, 'page.css', 'text/css'],
  '/docs/page.js': [page, 'page.js', 'text/javascript'],
  '/docs/swagger-ui.css': [swaggerUi, 'swagger-ui.css', 'text/css'],
  '/docs/swagger-ui-bundle.js': [swaggerUi, 'swagger-ui-bundle.js', 'text/javascript'],
}

/** Adds `/docs` to the HTTP server of `serverless offline`: Swagger UI for `/v1/openapi.json`. */
export default class ApiDocs {
  constructor(serverless: Serverless) {
    const { configureHttpServer } = serverless
    serverless.configureHttpServer = (server) => {
      configureHttpServer?.(server)
      addDocs(server)
    }
  }
}

function addDocs(server: HttpServer): void {
  for (const [path, [folder, name, mediaType]] of Object.entries(FILES)) {
    server.route({
      method: 'GET',
      path,
      handler: async (_, toolkit) => toolkit.response(await readFile(join(folder, name))).type(mediaType),
    })
  }
  server.route({
    method: 'GET',
    path: '/docs/settings.json',
    handler: async (_, toolkit) =>
      toolkit.response(JSON.stringify({ apiKey: process.env.DOCS_API_KEY })).type('application/json'),
  })
}
