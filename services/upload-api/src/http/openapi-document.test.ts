import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { PROBLEMS, Problem, ProblemSlug, problemType } from '@darkroom/core'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import { build } from 'esbuild'
import { parse } from 'yaml'
import { METHODS } from './methods.ts'
import { openApiDocument } from './openapi-document.ts'

interface Answer {
  description: string
  content?: Record<string, { schema?: { $ref: string }; examples?: Record<string, { value: Problem }> }>
}

interface Operation {
  operationId: string
  security?: unknown[]
  responses: Record<string, Answer>
}

/** The document as clients get it. */
const document: {
  security: unknown[]
  paths: Record<string, Record<string, Operation>>
} = JSON.parse(JSON.stringify(openApiDocument()))

const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
  Object.entries(byMethod).map(([method, operation]) => ({
    route: `${method.toUpperCase()} ${path}`,
    ...operation,
  })),
)

interface Deployed {
  handler: string
  events?: { httpApi?: string | { method: string; path: string; authorizer?: object } }[]
}

/** The functions behind the gateway's routes, except `$default`. */
async function deployedRoutes() {
  const text = await readFile(new URL('../../serverless.yml', import.meta.url), 'utf8')
  const { functions }: { functions: Record<string, Deployed> } = parse(text, { merge: true })
  return Object.values(functions).flatMap(({ handler, events = [] }) =>
    events.flatMap(({ httpApi }) =>
      typeof httpApi === 'object'
        ? [
            {
              handler,
              route: `${httpApi.method} ${httpApi.path}`,
              guarded: httpApi.authorizer !== undefined,
            },
          ]
        : [],
    ),
  )
}

/** Thrown by code that a handler shares with others, but caught or never reached in this one. */
const NEVER_ANSWERED: Record<string, ProblemSlug[]> = {
  // These concern objects in S3; here the bytes come with the request.
  'POST /v1/images': ['source-expired', 'upload-incomplete'],
  // An image that does not exist or cannot be read is left out of the list.
  'GET /v1/images': ['not-found', 'document-unreadable'],
  // The answer is made from the receipt that was just written, so it can be read.
  'DELETE /v1/images/{id}': ['document-unreadable'],
  // An image that is gone is `not-found` here, and it was counted when its upload was planned.
  'POST /v1/uploads/{id}/complete': ['source-expired', 'quota-exceeded'],
}

/**
 * Every problem that each function's code can throw: bundled as for deployment, so unused functions are left out. The large
 * packages, which throw none, are not read, and what functions share is read once.
 */
async function problemsThrown(): Promise<Map<string, string[]>> {
  const handlers = [...new Set((await deployedRoutes()).map(({ handler }) => handler))]
  const { outputFiles } = await build({
    entryPoints: handlers.map((handler) => ({ in: sourceOf(handler), out: handler })),
    outdir: '/',
    bundle: true,
    external: ['@aws-*', '@middy/*', 'zod'],
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'silent',
  })
  return new Map(
    outputFiles.map(({ path, text }) => {
      const thrown = text.matchAll(/new ProblemError\(\s*["']([a-z-]+)["']/g)
      return [path.replace(/^\/|\.js$/g, ''), [...new Set([...thrown].map(([, slug = '']) => slug))]]
    }),
  )
}

const sourceOf = (handler: string) =>
  fileURLToPath(new URL(`../../${handler.replace(/\.handler$/, '.ts')}`, import.meta.url))

const problemsOf = ({ responses }: Operation) =>
  Object.values(responses).flatMap(({ content }) =>
    Object.keys(content?.['application/problem+json']?.examples ?? {}),
  )

test('is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  expect(await validator.validate(JSON.parse(JSON.stringify(document)))).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

test('has every deployed route and no other, and says which need a credential', async () => {
  const described = operations.map(({ route, security = document.security }) => ({
    route,
    guarded: security.length > 0,
  }))
  const deployed = (await deployedRoutes()).map(({ route, guarded }) => ({ route, guarded }))
  const byRoute = (a: { route: string }, b: { route: string }) => (a.route < b.route ? -1 : 1)
  expect(deployed.length).toBeGreaterThan(4)
  expect(described.sort(byRoute)).toEqual(deployed.sort(byRoute))
})

test('every GET route answers HEAD too, with the same function and authorizer', async () => {
  const routes = await deployedRoutes()
  const of = (method: string) =>
    routes
      .filter(({ route }) => route.startsWith(`${method} `))
      .map(({ route, ...rest }) => ({ ...rest, path: route.split(' ')[1] }))
  expect(of('HEAD')).toEqual(of('GET'))
})

test('a wrong method is answered with the methods that are deployed', async () => {
  const deployed = (await deployedRoutes()).map(({ route }) => route)
  const answered = Object.entries(METHODS).flatMap(([path, methods]) =>
    methods.map((method) => `${method} ${path}`),
  )
  expect(answered.toSorted()).toEqual(deployed.toSorted())
})

/** HEAD has the answers of GET, without their bodies. */
const withBody = operations.filter(({ route }) => !route.startsWith('HEAD '))

test('HEAD has the statuses and headers of GET, and no body', () => {
  for (const { get, head } of Object.values(document.paths)) {
    if (!get) continue
    const withoutContent = ({ content: _, ...response }: Answer) => response
    const expected = Object.entries(get.responses).map(([status, answer]) => [status, withoutContent(answer)])
    expect(head?.responses).toEqual(Object.fromEntries(expected))
  }
})

describe('the errors', () => {
  let thrownBy: Map<string, string[]>
  beforeAll(async () => {
    thrownBy = await problemsThrown()
  })

  test.each(withBody)('of $route are those that its function can throw', async (operation) => {
    const { handler = '' } = (await deployedRoutes()).find(({ route }) => route === operation.route) ?? {}
    const thrown = thrownBy.get(handler) ?? []
    const never: string[] = NEVER_ANSWERED[operation.route] ?? []
    expect(thrown).toEqual(expect.arrayContaining(never))
    expect(problemsOf(operation).toSorted()).toEqual(
      [...thrown.filter((slug) => !never.includes(slug)), 'method-not-allowed'].toSorted(),
    )
  })

  test('are problem+json, under their status, with the texts of the problem table', () => {
    for (const { responses } of withBody) {
      const errors = Object.entries(responses).filter(([status]) => status >= '400')
      expect(errors.length).toBeGreaterThan(0)
      for (const [status, { description, content = {} }] of errors) {
        expect(Object.keys(content)).toEqual(['application/problem+json'])
        const { schema, examples = {} } = content['application/problem+json'] ?? {}
        expect(schema).toEqual({ $ref: '#/components/schemas/Problem' })
        for (const [slug, { value }] of Object.entries(examples)) {
          const { title, description: when, retryable } = PROBLEMS[ProblemSlug.parse(slug)]
          const type = problemType(ProblemSlug.parse(slug))
          expect(Problem.strict().parse(value)).toMatchObject({
            type,
            status: Number(status),
            title,
            retryable,
          })
          expect(description).toContain(`\`${slug}\`: ${title}. ${when}.`)
        }
      }
    }
  })

  test('are the table in docs/api.md', async () => {
    const text = await readFile(new URL('../../../../docs/api.md', import.meta.url), 'utf8')
    const rows = text.matchAll(/^\| (\d{3}) +\| `([a-z-]+)` +\| (.*?) +\|$/gm)
    const documented = [...rows].map(([, status, slug, when]) => `${status} ${slug}: ${when}`)
    const answered = new Set(operations.flatMap(problemsOf))
    const table = ProblemSlug.options
      .filter((slug) => answered.has(slug))
      .map((slug) => `${PROBLEMS[slug].status} ${slug}: ${PROBLEMS[slug].description}`)
    expect(documented).toEqual(table)
  })
})
