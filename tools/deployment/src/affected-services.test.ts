import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { affectedServices, servicesInOrder } from './affected-services.ts'

const REPOSITORY = join(import.meta.dirname, '../../..')
const ALL = ['image-processor', 'upload-api', 'analytics-catalog']

test('services are deployed after those that they depend on', () => {
  expect(servicesInOrder(REPOSITORY)).toEqual(ALL)
})

test.each<[string, string[]]>([
  ['services/upload-api/src/routes/get-image.ts', ['upload-api']],
  ['services/image-processor/watermarks/darkroom.png', ['image-processor']],
  ['services/analytics-catalog/resources/merge.yml', ['analytics-catalog']],
  ['packages/core/src/keys.ts', ALL],
  ['packages/intake/src/accept-image.ts', ['upload-api', 'analytics-catalog']],
  ['packages/image-file/src/png.ts', ALL],
  ['packages/analytics/queries/cameras.sql', ['analytics-catalog']],
  ['packages/retention/src/deadlines.ts', ALL],
  ['apps.json', ALL],
  ['packages/client/src/upload.ts', []],
  ['apps/web-app-1/page/index.html', []],
  ['tools/local-stack/src/dev.ts', []],
  ['tools/deployment/src/alarms.ts', ALL],
  ['esbuild.config.cjs', ALL],
  ['pnpm-lock.yaml', ALL],
  ['services/upload-api/src/routes/get-image.test.ts', []],
  ['docs/api.md', []],
])('a change of %s concerns %j', (path, services) => {
  expect(affectedServices(REPOSITORY, [path])).toEqual(services)
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
