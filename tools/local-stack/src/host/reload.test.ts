import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { readConfiguration } from '@darkroom/app-configuration'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { freePort } from '../ports.ts'
import { type Log, reloadOnChange } from '../reload/reload-on-change.ts'
import { repositoryRoot } from '../repository-root.ts'
import { EVENT_SOURCES_MODULE } from './hosted-service.ts'
import { type HostedServices, hostServices } from './hosted-services.ts'

const CONFIGURATION = `
service: fixture
frameworkVersion: '4'
plugins: [serverless-esbuild, '@darkroom/serverless-offline-event-sources', serverless-offline]
provider:
  name: aws
  runtime: nodejs24.x
  region: us-east-1
  environment: { PLACE: '\${file(../settings/place.json):place}' }
functions:
  say: { handler: say.handler, events: [{ httpApi: GET /say }] }
  never: { handler: say.never, timeout: 1, events: [{ httpApi: GET /never }] }
  apps: { handler: say.names, events: [{ httpApi: GET /apps }] }
  slowly: { handler: say.slowly, timeout: 20, events: [{ httpApi: GET /slowly }] }
custom: { esbuild: {} }
resources: { Metadata: { Place: '\${file(../settings/place.json):place}' } }
`
const HANDLERS = `import { apps } from '@darkroom/app-configuration/deployed'
import { word } from '../package/word.ts'
let invocations = 0
export const handler = async () => \`\${word}, \${process.env.PLACE}\`
export const never = () => new Promise(() => {})
export const names = async () => Object.keys(apps).join()
export const slowly = async ({ rawQueryString: url }) => \`\${word} \${await (await fetch(url)).text()}\`
`

const OTHER_CONFIGURATION = `${CONFIGURATION.split('functions:')[0]}functions:
  say: { handler: src/handlers/say.handler, events: [{ httpApi: GET /say }] }
  again: { handler: src/handlers/again.handler, package: { patterns: [marks/**] } }
custom: { esbuild: {} }
`
const OTHER = `import { word } from '../../../package/word.ts'
import { mark } from '../parts/mark.ts'
export const handler = async () => \`other \${word}\${mark}\`
`
/** Used by both functions, so it is in a chunk of its own. */
const MARK = `import { readFileSync } from 'node:fs'
export const mark = readFileSync(new URL('../../marks/mark.txt', import.meta.url), 'utf8')
`
const GREETINGS = `globalThis.greetings = 'loaded'
export const hello = 'hello', bye = 'bye'
export default 'hi'
`

let root: string
let services: HostedServices
let watching: { stop(): Promise<void> }
let url: string
let otherUrl: string
let printed: jest.Spied<typeof process.stdout.write>
const lines: string[] = []
let onLine: () => void = () => {}

/** In one step, so that there is one change. */
async function write(path: string, text: string): Promise<void> {
  const draft = join(root, dirname(path), '.draft')
  await writeFile(draft, text)
  await rename(draft, join(root, path))
}
/** When the last build was written. */
const builtAt = async () => (await stat(join(root, 'bundles', 'service', 'say.mjs'))).mtimeMs
const ALL_APPS = readConfiguration('apps.json')
const appsFile = (names: string[]) =>
  JSON.stringify({ ...ALL_APPS, apps: Object.fromEntries(names.map((name) => [name, {}])) })
const say = async (of = url) => (await fetch(`${of}/say`)).text()
function logOf(names: readonly string[]): Log {
  const note = (message: string) => {
    lines.push(`${names.length === 1 ? names[0] : `${names.length} services`}: ${message}`)
    onLine()
  }
  return { notice: note, warning: note, error: note }
}

/** Writes a file and resolves with the line about it. */
async function edit(path: string, text: string): Promise<string> {
  const before = lines.length
  const line = new Promise<void>((resolve) => {
    onLine = () => lines.length > before && resolve()
  })
  await write(path, text)
  await line
  return String(lines[before])
}

beforeAll(async () => {
  await mkdir(join(repositoryRoot, '.cache'), { recursive: true })
  root = await mkdtemp(join(repositoryRoot, '.cache', 'reload-'))
  for (const folder of [
    'service',
    'other/src/handlers',
    'other/src/parts',
    'other/marks',
    'package',
    'settings',
  ])
    await mkdir(join(root, folder), { recursive: true })
  await write('service/package.json', '{"type": "module"}')
  await write('service/serverless.yml', CONFIGURATION)
  await write('service/say.ts', HANDLERS)
  await write('other/package.json', '{"type": "module"}')
  await write('other/serverless.yml', OTHER_CONFIGURATION)
  for (const name of ['say', 'again']) await write(`other/src/handlers/${name}.ts`, OTHER)
  await write('other/src/parts/mark.ts', MARK)
  await write('other/marks/mark.txt', '!')
  await write('package/word.ts', `export const word: string = 'hello'`)
  await write('settings/place.json', '{"place": "world"}')
  await write('settings/apps.json', appsFile(['one']))
  for (const [name, type, code] of [
    ['greetings', 'module', GREETINGS],
    ['old-greetings', 'commonjs', `exports.hello = 'old hello'`],
  ]) {
    await mkdir(join(root, `node_modules/${name}`), { recursive: true })
    await write(`node_modules/${name}/package.json`, JSON.stringify({ type }))
    await write(`node_modules/${name}/index.js`, String(code))
  }
  process.env.APPS_FILE = join(root, 'settings/apps.json')
  const hosted = async (name: string) => ({
    name,
    folder: join(root, name),
    httpPort: await freePort(),
    inspect: false,
  })
  const both = [await hosted('service'), await hosted('other')]
  ;[url, otherUrl] = both.map(({ httpPort }) => `http://127.0.0.1:${httpPort}`) as [string, string]
  // Serverless Offline prints the routes; services print that they are ready, and their errors.
  jest.spyOn(console, 'log').mockReturnValue()
  printed = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  services = await hostServices(both, join(root, 'bundles'))
  watching = reloadOnChange(services, logOf)
})

afterAll(async () => {
  await watching.stop()
  await services.stop()
  jest.restoreAllMocks()
  await rm(root, { recursive: true })
})

test('an edit outside of the service is effective at once, and a syntax error keeps the last good version', async () => {
  expect(await say()).toBe('hello, world')
  const reloaded = await edit('package/word.ts', `export const word: string = 'good evening'`)
  expect(reloaded).toMatch(/^2 services: reloaded after \d+ ms: \S+\/package\/word\.ts has changed$/)
  expect(await say()).toBe('good evening, world')
  const failed = await edit('package/word.ts', `export const word: string == 'x'`)
  expect(failed).toMatch(/the last good version keeps running: \S+\/package\/word\.ts:1:27 /)
  expect(await say()).toBe('good evening, world')
  await edit('package/word.ts', `export const word: string = 'good night'`)
  expect(await say()).toBe('good night, world')
})

test('services with a common change are built together; one with an error holds the others until it is fixed', async () => {
  expect(await edit('other/src/handlers/say.ts', 'export const = 1')).toMatch(
    /^other: not reloaded.* \S+\/say\.ts:1:14 /,
  )
  expect(await edit('package/word.ts', `export const word = 'good day'`)).toMatch(/^2 services: not reloaded/)
  expect([await say(), await say(otherUrl)]).toEqual(['good night, world', 'other good night!'])
  expect(await edit('other/src/handlers/say.ts', OTHER)).toMatch(/^2 services: reloaded/)
  expect([await say(), await say(otherUrl)]).toEqual(['good day, world', 'other good day!'])
  expect(await edit('service/say.ts', `${HANDLERS}\n`)).toMatch(/^service: reloaded/)
})

test('a file that the configuration names changes the environment, without a build', async () => {
  const built = await builtAt()
  expect(await edit('settings/place.json', '{"place": "moon"}')).toContain('place.json has changed')
  expect(lines.at(-1)).not.toContain('Restart')
  expect(await say()).toMatch(/, moon$/)
  expect(await edit('settings/place.json', '{"place"')).toContain('place.json')
  expect(await say()).toMatch(/, moon$/)
  await edit('settings/place.json', '{"place": "moon"}')
  expect(await builtAt()).toBe(built)
  await edit('service/say.ts', `${HANDLERS}\n\n`)
  expect(await builtAt()).toBeGreaterThan(built)
})

test('an edit of the apps is effective without a build, and a mistake in it keeps the last good ones', async () => {
  const apps = async () => (await fetch(`${url}/apps`)).text()
  const built = await builtAt()
  expect(await apps()).toBe('one')
  expect(await edit('settings/apps.json', appsFile(['one', 'two']))).toMatch(
    /^service: reloaded .*apps\.json/,
  )
  expect(await apps()).toBe('one,two')
  expect(await edit('settings/apps.json', '{"apps":')).toMatch(
    /^service: not reloaded, .*: The configuration of the apps in \S+\/apps\.json cannot be used\. ✖ .* → at line 1, column \d+$/,
  )
  expect(await apps()).toBe('one,two')
  await edit('settings/apps.json', appsFile(['three']))
  expect(await apps()).toBe('three')
  expect(await builtAt()).toBe(built)
})

test('other routes or triggers need a restart, and a line says so', async () => {
  const other = CONFIGURATION.replace('GET /say', 'GET /say-it')
  const before = lines.length
  const hasWarned = new Promise<void>((resolve) => {
    onLine = () => lines.length > before + 1 && resolve()
  })
  await write('service/serverless.yml', other)
  await hasWarned
  expect(lines.slice(before)).toEqual([
    expect.stringContaining('serverless.yml has changed'),
    expect.stringMatching(/^service: Restart pnpm dev: serverless\.yml has other routes/),
  ])
  const timeout = CONFIGURATION.replace('timeout: 20', 'timeout: 25')
  await edit('service/serverless.yml', timeout)
  await edit('service/say.ts', `${HANDLERS}\n`)
  expect(lines.filter((line) => line.includes('Restart'))).toHaveLength(1)
})

test('dependencies are built again only for imports that no build has had', async () => {
  const file = `import hi, { hello as word } from 'greetings'\nexport { word }\nconsole.debug(hi)`
  await edit('package/word.ts', file)
  expect(await say()).toMatch(/^hello/)
  const folder = join(root, 'bundles/.shared/dependencies')
  const name = (await readdir(folder)).find((name) => /^greetings-\w+\.mjs$/.test(name))
  const builtAt = async () => (await stat(join(folder, String(name)))).mtimeMs
  const first = await builtAt()
  await edit('package/word.ts', `export const word = 'no greeting'`)
  await edit('package/word.ts', file)
  expect([await say(), await builtAt()]).toEqual([expect.stringMatching(/^hello/), first])
  await edit('package/word.ts', `export { bye as word } from 'greetings'`)
  expect(await say()).toMatch(/^bye/)
  expect(await builtAt()).toBeGreaterThan(first)
})

test('a name that a dependency does not have is shown with its place, and any import of one works', async () => {
  expect(
    await edit('package/word.ts', `import { none } from 'greetings'\nexport const word = none + ''`),
  ).toMatch(/not reloaded, .*: \S+\/package\/word\.ts:1:10 .*"none"/)
  const imports = {
    'old hello': `import * as old from 'old-greetings'\nexport const word = old.hello`,
    'hello later': `const { hello } = await import('greetings')\nexport const word = hello + ' later'`,
    hi: `import hi, * as all from 'greetings'\nexport const word = all.bye && hi`,
    loaded: `import 'greetings'\nexport const word = globalThis.greetings`,
  }
  for (const [word, code] of Object.entries(imports)) {
    expect(await edit('package/word.ts', code)).toMatch(/reloaded after/)
    expect(await say()).toMatch(new RegExp(`^${word},`))
  }
})

test('a request that runs during a reload ends with the code it began with', async () => {
  await edit('package/word.ts', `export const word = 'before'`)
  const gate = createServer().listen(0, '127.0.0.1')
  await once(gate, 'listening')
  const { port } = gate.address() as { port: number }
  const slow = fetch(`${url}/slowly?http://127.0.0.1:${port}`)
  const [, answer] = await once(gate, 'request')
  await edit('package/word.ts', `export const word = 'after'`)
  expect(await say()).toMatch(/^after/)
  answer.end('done')
  expect(await (await slow).text()).toBe('before done')
  gate.close()
})

test('the event sources start again if their code has changed, without a build', async () => {
  const starts = () =>
    printed.mock.calls.filter((call) => String(call[0]).includes('fixture is ready')).length
  const [before, built] = [starts(), await builtAt()]
  expect(services.sourcesOf('service')).toContain(EVENT_SOURCES_MODULE)
  expect(await services.reload(['service'], [EVENT_SOURCES_MODULE])).toEqual([])
  expect([starts(), await builtAt()]).toEqual([before + 1, built])
  expect(await say()).toMatch(/^after/)
})

test('requests that come during reloads are answered, and leave no instance with old code', async () => {
  for (const word of ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']) {
    let isReloaded = false
    const reloaded = edit('package/word.ts', `export const word = '${word}'`).then(() => {
      isReloaded = true
    })
    const statuses = new Set<number>()
    for (let n = 0; n < 10_000 && !isReloaded; n++) statuses.add((await fetch(`${url}/say`)).status)
    await reloaded
    expect([await say(), ...statuses]).toEqual([expect.stringContaining(word), 200])
  }
})

test('requests share an instance, and one that exceeds its timeout fails alone', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/say`)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect((await fetch(`${url}/never`)).status).toBe(500)
  expect(await say()).toMatch(/^eight/)
})
