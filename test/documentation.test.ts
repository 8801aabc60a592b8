import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from '@jest/globals'

const ROOT = join(import.meta.dirname, '..')
const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n')
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8')
const { scripts } = JSON.parse(textOf('package.json'))

/** Without programs and their output, whose paths and links are not ours. */
const proseOf = (page: string) => textOf(page).replace(/^```.*?^```/gms, '')

/** As GitHub makes them of headings. */
function anchorsOf(page: string): Set<string> {
  const headings = [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
  return new Set(headings)
}

function brokenLinksOf(page: string): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => {
    if (/^(\w+:|\/)/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : normalize(join(dirname(page), path))
    if (!existsSync(join(ROOT, target))) return true
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor)
  })
}

test.each(pages)('every link of %s leads somewhere', (page) => {
  expect(brokenLinksOf(page)).toEqual([])
})

/** Pages that name files and commands as evidence. */
const EVIDENCE = [
  'docs/asvs.md',
  'docs/security.md',
  'docs/audit-trail.md',
  'docs/incidents.md',
  'SECURITY.md',
]
const PATH = /^(?:packages|services|tools|apps|test|bench|docs|decisions|\.github|\.ci)\/[\w./-]+$/

test.each(EVIDENCE)('the files and commands that %s names exist', (page) => {
  const quoted = [...proseOf(page).matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)
  const missing = quoted.filter((text) => PATH.test(text) && !existsSync(join(ROOT, text)))
  const commands = quoted.flatMap((text) => /^pnpm ([\w:-]+)/.exec(text)?.[1] ?? [])
  expect(missing).toEqual([])
  expect(commands.filter((command) => !(command in scripts))).toEqual([])
})

test.each(['packages/bucket', 'packages/core'])('the README of %s names every file', (folder) => {
  const files = readdirSync(join(ROOT, folder, 'src')).filter((name) =>
    /(?<!\.test|\.d|^index)\.ts$/.test(name),
  )
  expect(files.filter((name) => !textOf(`${folder}/README.md`).includes(`\`${name}\``))).toEqual([])
})

test('the runbook explains every warning and error that the services log', () => {
  const sources = execFileSync('git', ['ls-files', 'services/*/src/*.ts'], { cwd: ROOT, encoding: 'utf8' })
  const runbook = textOf('docs/operations.md')
  const logged = sources
    .trim()
    .split('\n')
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) => [...textOf(path).matchAll(/logger\.(?:warn|error)\(\s*'([^']+)'/g)])
    .map(([, message = '']) => message)
  expect(logged.length).toBeGreaterThan(30)
  expect(logged.filter((message) => !runbook.includes(`\`${message}\``))).toEqual([])
})

test.each(['upload-api', 'kafka-bridge', 'image-processor', 'analytics-catalog'])(
  'the README of %s names its metrics',
  (service) => {
    const sources = execFileSync('git', ['ls-files', `services/${service}/src/*.ts`], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    const metrics = sources
      .trim()
      .split('\n')
      .flatMap((path) => [...textOf(path).matchAll(/\b(?:count|addMetric)\(\s*'([A-Z]\w+)'/g)])
      .map(([, metric = '']) => metric)
    const readme = textOf(`services/${service}/README.md`)
    expect(metrics.length).toBeGreaterThan(0)
    expect(metrics.filter((metric) => !readme.includes(`\`${metric}\``))).toEqual([])
  },
)

test('each requirement in docs/asvs.md is met or not, and what is met has evidence', () => {
  const rows = [...textOf('docs/asvs.md').matchAll(/^\| (\d[^|]*)\| ([^|]*)\| ([^|]*)\|$/gm)]
  expect(rows.length).toBeGreaterThan(60)
  for (const [row, , met = '', evidence = ''] of rows) {
    expect([row, met.trim()]).toEqual([row, expect.stringMatching(/^(yes|partly|no|not used)$/)])
    expect(evidence.trim()).not.toBe('')
  }
})
