/**
 * The methods of each path, as in serverless.yml. HTTP APIs send HEAD to no GET route, so the template has a HEAD route beside
 * each; the gateway itself answers OPTIONS.
 */
export const METHODS: Record<string, string[]> = {
  '/v1/images': ['GET', 'HEAD', 'POST'],
  '/v1/images/{id}': ['GET', 'HEAD', 'DELETE'],
  '/v1/tokens': ['POST'],
  '/v1/uploads': ['POST'],
  '/v1/uploads/sign': ['POST'],
  '/v1/uploads/{id}/complete': ['POST'],
  '/v1/health': ['GET', 'HEAD'],
  '/v1/ready': ['GET', 'HEAD'],
  '/v1/openapi.json': ['GET', 'HEAD'],
}

const patterns = Object.entries(METHODS).map(([template, methods]) => ({
  pattern: new RegExp(`^${template.replaceAll('.', '\\.').replace('{id}', '[^/]+')}$`),
  methods,
}))

/** Undefined for a path that does not exist. */
export function methodsOf(path: string): string[] | undefined {
  return patterns.find(({ pattern }) => pattern.test(path))?.methods
}
