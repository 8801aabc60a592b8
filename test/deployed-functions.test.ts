import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from '@jest/globals'
import { bundleDeployed } from '../bench/bundle-deployed.ts'

const SERVICES = join(import.meta.dirname, '../services')
const UPLOAD_IMAGE = 'upload-api/src/routes/upload-image.ts'

const folders = new Set<string>()
/** Inside the service, so that packages that are not bundled are found. */
function fileOf(handler: string): string {
  const [service = '', ...path] = handler.replace(/ts$/, 'mjs').split('/')
  const folder = join(SERVICES, service, '.esbuild/deployed-functions-test')
  folders.add(folder)
  return join(folder, ...path)
}
afterAll(() => Promise.all([...folders].map((folder) => rm(folder, { recursive: true, force: true }))))

/** `zod@4.6.7` for each package that a bundle has code of. */
async function packagesOf(handler: string): Promise<string[]> {
  const { outputs } = await bundleDeployed(join(SERVICES, handler), fileOf(handler), ['sharp', 'koffi'])
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
  const names = inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (/\.pnpm\/((?:@[^+]+\+)?[^@]+@[^_/]+)/.exec(path)?.[1] ?? []) : [],
  )
  return [...new Set(names)].sort()
}

const withoutVersions = (names: string[]) => names.map((name) => name.replace(/@[^@]*$/, ''))

/** Together they import every AWS client and every package of Powertools. */
test.each([
  UPLOAD_IMAGE,
  'upload-api/src/routes/create-upload.ts',
  'image-processor/src/handlers/process-images-with-sharp.ts',
  'image-processor/src/handlers/announce-outcomes.ts',
  'kafka-bridge/src/bridge-records.ts',
])('%s has one version of each package', async (handler) => {
  const packages = await packagesOf(handler)
  const twice = packages.filter(
    (name, index, all) => withoutVersions(all).indexOf(name.replace(/@[^@]*$/, '')) !== index,
  )
  expect(twice).toEqual([])
  expect(withoutVersions(packages)).toContain('@smithy+core')
})

test('uploadImage has no client that it does not need, and starts without the implementation of fetch', async () => {
  expect(withoutVersions(await packagesOf(UPLOAD_IMAGE))).not.toContain('@aws-sdk+client-dynamodb')
  const script = `await import(${JSON.stringify(fileOf(UPLOAD_IMAGE))})
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
