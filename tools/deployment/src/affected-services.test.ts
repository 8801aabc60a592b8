import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { affectedServices, servicesInOrder } from './affected-services.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')
const ALL = ['image-processor', 'upload-api', 'analytics-catalog']

test('services are deployed after those that they depend on', () => {
  expect(servicesInOrder(REPOSITORY)).toEqual(ALL)
})

/** Each row of the table in docs/deploy.md. */
const documented = [
  ...(readFileSync(join(REPOSITORY, 'docs/deploy.md'), 'utf8')
    .split(/^\| change of .*\n.*\n/m)[1]
    ?.split('\n\n')[0]
    ?.matchAll(/^\| `(\S+)` +\| (.*?) +\|$/gm) ?? []),
].map(([, path = '', services = '']): [string, string] => [path, services])

test.each(documented)('a change of %s deploys %s', (path, services) => {
  expect(existsSync(join(REPOSITORY, path))).toBe(true)
  const names = { all: ALL, nothing: [] }[services] ?? services.split(', ')
  expect(affectedServices(REPOSITORY, [path])).toEqual(names)
})

test('the documentation has ten sample changes or more', () => {
  expect(documented.length).toBeGreaterThanOrEqual(10)
})

test('several changes concern the services of each, once', () => {
  const changed = ['services/upload-api/serverless.yml', 'packages/analytics/src/index.ts', 'README.md']
  expect(affectedServices(REPOSITORY, changed)).toEqual(['upload-api', 'analytics-catalog'])
})

/** The graph is read from package.json: an import that is not there would be missed. */
test('whatever a deployed file imports of the workspace is in its package.json', () => {
  for (const folder of globSync('{services,packages}/*', { cwd: REPOSITORY })) {
    const { name, dependencies = {} } = JSON.parse(
      readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8'),
    )
    const files = globSync(`${folder}/src/**/*.ts`, { cwd: REPOSITORY })
    for (const file of files.filter((path) => !/\.test\.ts$|\/testing\//.test(path))) {
      const text = readFileSync(join(REPOSITORY, file), 'utf8')
      for (const [, imported = ''] of text.matchAll(/from '(@darkroom\/[\w-]+)/g)) {
        expect([file, name, ...Object.keys(dependencies)]).toContain(imported)
      }
    }
  }
})
