import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import ApiDocs from './index.ts'

type Configure = NonNullable<ConstructorParameters<typeof ApiDocs>[0]['configureHttpServer']>
type Route = Parameters<Parameters<Configure>[0]['route']>[0]

/** Sends a GET request to the routes that the plugin adds. */
async function openDocs() {
  const routes = new Map<string, Route>()
  const serverless: { configureHttpServer?: Configure } = {}
  new ApiDocs(serverless)
  serverless.configureHttpServer?.({ route: (route) => void routes.set(route.path, route) })
  return async (path: string) => {
    let answer: { body: string; mediaType: string } | undefined
    const response = (body: string | Buffer) => ({
      type: (mediaType: string) => {
        answer = { body: String(body), mediaType }
      },
    })
    await routes.get(path)?.handler(undefined, { response })
    return answer
  }
}

test('serves every file that the page refers to', async () => {
  const get = await openDocs()
  const page = await get('/docs')
  expect(page?.mediaType).toBe('text/html')
  const references = [...(page?.body ?? '').matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) =>
    String(path),
  )
  expect(references.length).toBeGreaterThan(2)
  for (const path of references) expect((await get(path))?.body.length).toBeGreaterThan(100)
})

test('gives the page the API key of the local stack', async () => {
  process.env.DOCS_API_KEY = 'local-key'
  const get = await openDocs()
  expect(JSON.parse((await get('/docs/settings.json'))?.body ?? '')).toEqual({ apiKey: 'local-key' })
  expect(await readFile(join(import.meta.dirname, '../page/page.js'), 'utf8')).toContain(
    '/docs/settings.json',
  )
})
