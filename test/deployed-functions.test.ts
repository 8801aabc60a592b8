import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Metafile } from 'esbuild'
import { bundleDeployed } from '../bench/bundle-deployed.ts'

const SERVICE = join(import.meta.dirname, '../services/upload-api')
const folder = join(SERVICE, '.esbuild/deployed-functions-test')
const file = join(folder, 'upload-image.mjs')

let bundle: Metafile
beforeAll(async () => {
  bundle = await bundleDeployed(join(SERVICE, 'src/routes/upload-image.ts'), file, [])
})
afterAll(() => rm(folder, { recursive: true }))

/** `zod@4.6.7` for each package that the bundle has code of. */
function packagesIn({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
  const names = inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (/\.pnpm\/((?:@[^+]+\+)?[^@]+@[^_/]+)/.exec(path)?.[1] ?? []) : [],
  )
  return [...new Set(names)].sort()
}

test('uploadImage has one version of each package, and no client that it rarely needs', () => {
  const packages = packagesIn(bundle)
  const names = packages.map((name) => name.replace(/@[^@]*$/, ''))
  expect(names).toEqual([...new Set(names)])
  expect(names).toEqual(expect.arrayContaining(['@aws-sdk+client-s3', '@aws-sdk+client-sqs', 'aws4fetch']))
  expect(names).not.toContain('@aws-sdk+client-dynamodb')
})

test('uploadImage starts without the implementation of fetch', async () => {
  const script = `await import(${JSON.stringify(file)})
    process.stdout.write(process.moduleLoadList.join('\\n'), () => process.exit())`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: {
      AWS_REGION: 'us-east-1',
      STAGE: 'test',
      BUCKET: 'test',
      QUEUE_URL: 'http://127.0.0.1/000000000000/images',
    },
  })
  const modules = stdout.split('\n')
  expect(modules).toContain('NativeModule https')
  expect(modules).not.toContain('NativeModule internal/deps/undici/undici')
})
