import { readFile } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import { parse } from 'yaml'
import { send } from '../testing/send.ts'

process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
const { handler } = await import('./describe-api.ts')

type Operations = Record<string, { responses: Record<string, { content?: object }> }>

interface Deployed {
  functions: Record<
    string,
    { events?: { httpApi: string | { method: string; path: string; authorizer?: object } }[] }
  >
}

/** What the gateway is told, `$default` aside. */
async function deployedRoutes(): Promise<{ route: string; guarded: boolean }[]> {
  const text = await readFile(new URL('../../serverless.yml', import.meta.url), 'utf8')
  const { functions }: Deployed = parse(text, { merge: true })
  return Object.values(functions)
    .flatMap(({ events = [] }) => events.map(({ httpApi }) => httpApi))
    .filter((httpApi) => typeof httpApi === 'object')
    .map(({ method, path, authorizer }) => ({
      route: `${method} ${path}`,
      guarded: authorizer !== undefined,
    }))
}

describe('the description of the API', () => {
  test('is valid OpenAPI 3.1', async () => {
    const { status, headers, body } = await send(handler)
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    const validator = new Validator()
    expect(await validator.validate(body)).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  test('has every route that is deployed, no other, and says which take a credential', async () => {
    const { body } = await send(handler)
    const described = Object.entries<Record<string, { security?: unknown[] }>>(body.paths).flatMap(
      ([path, operations]) =>
        Object.entries(operations).map(([method, { security = body.security }]) => ({
          route: `${method.toUpperCase()} ${path}`,
          guarded: security.length > 0,
        })),
    )
    const byRoute = (a: { route: string }, b: { route: string }) => (a.route < b.route ? -1 : 1)
    const deployed = await deployedRoutes()
    expect(deployed.length).toBeGreaterThan(4)
    expect(described.sort(byRoute)).toEqual(deployed.sort(byRoute))
  })

  test('has problem+json for every answer that is an error', async () => {
    const { body } = await send(handler)
    for (const operations of Object.values<Operations>(body.paths)) {
      for (const { responses } of Object.values(operations)) {
        const errors = Object.entries(responses).filter(([status]) => status >= '400')
        for (const [status, { content }] of errors) {
          expect([status, content]).toEqual([
            status,
            { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          ])
        }
      }
    }
  })
})
