import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Metafile } from 'esbuild'
import { strToU8, zipSync } from 'fflate'
import sharp from 'sharp'
import { parse } from 'yaml'
import { bundleDeployed } from '../bench/bundle-deployed.ts'

const SERVICES = join(import.meta.dirname, '../services')
const UPLOAD_IMAGE = 'upload-api/src/routes/upload-image.ts'
const PROCESSORS = ['sharp', 'sharp-and-libheif', 'jimp', 'jimp-and-libheif'].map(
  (engine) => `image-processor/src/handlers/process-images-with-${engine}.ts`,
)
const engineOf = (processor: string) => processor.replace(/\.ts$/, '.engine.ts')
/** Together they import every AWS client and every package of Powertools. */
const HANDLERS = [
  UPLOAD_IMAGE,
  'upload-api/src/routes/create-upload.ts',
  'image-processor/src/handlers/process-images-with-sharp.ts',
  'image-processor/src/handlers/process-images-with-sharp.engine.ts',
  'image-processor/src/handlers/announce-outcomes.ts',
  'kafka-bridge/src/bridge-records.ts',
]
const BUNDLED = [...new Set([...HANDLERS, ...PROCESSORS, ...PROCESSORS.map(engineOf)])]

/** Inside the service, so that packages that are not bundled are found. */
const FOLDER = '.esbuild/deployed-functions-test'
const nameOf = (handler: string) => handler.replace(/\/(.*)\.ts$/, `/${FOLDER}/$1`)
const fileOf = (handler: string) => join(SERVICES, `${nameOf(handler)}.mjs`)

let outputs: [file: string, output: Metafile['outputs'][string]][]
beforeAll(async () => {
  const sources = BUNDLED.map((handler) => [nameOf(handler), join(SERVICES, handler)])
  const { custom } = parse(await readFile(join(SERVICES, 'image-processor/serverless.yml'), 'utf8'))
  const metafile = await bundleDeployed(Object.fromEntries(sources), SERVICES, custom.esbuild.external)
  outputs = Object.entries(metafile.outputs)
})
afterAll(async () => {
  for (const handler of BUNDLED)
    await rm(join(SERVICES, handler.replace(/\/.*/, ''), FOLDER), { recursive: true, force: true })
})

function outputOf(handler: string): Metafile['outputs'][string] {
  const [, output] = outputs.find(([file]) => file.endsWith(`${nameOf(handler)}.mjs`)) ?? []
  if (!output) throw new Error(`${handler} was not bundled`)
  return output
}

/** `zod@4.6.7` for each package that a bundle has code of. */
function packagesOf(handler: string): string[] {
  const names = Object.entries(outputOf(handler).inputs).flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (/\.pnpm\/((?:@[^+]+\+)?[^@]+@[^_/]+)/.exec(path)?.[1] ?? []) : [],
  )
  return [...new Set(names)].sort()
}

const withoutVersions = (names: string[]) => names.map((name) => name.replace(/@[^@]*$/, ''))

test.each(HANDLERS)('%s has one version of each package', (handler) => {
  const packages = packagesOf(handler)
  const twice = packages.filter(
    (name, index, all) => withoutVersions(all).indexOf(name.replace(/@[^@]*$/, '')) !== index,
  )
  expect(twice).toEqual([])
  expect(withoutVersions(packages)).toContain('zod')
})

/** The packages that a program imports and that are not bundled, without those of the SDK that no function has. */
function installedFor(handler: string): string[] {
  const paths = outputOf(handler).imports.flatMap(({ path, external }) => (external ? path : []))
  const names = paths
    .filter((path) => !isBuiltin(path))
    .map((path) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '')
  return [...new Set(names)].filter((name) => !/^@(aws-sdk|smithy)\//.test(name)).sort()
}

/** A zip contains the packages that its handler names. */
test.each(PROCESSORS)('%s names the packages that the program of its engine imports', (handler) => {
  expect(installedFor(handler)).toEqual(installedFor(engineOf(handler)))
  expect(installedFor(handler)).toContain('koffi')
})

/** Runs `script` in a process of its own, in which `handler` is the function as it is deployed. */
async function runDeployed(script: string, environment: Record<string, string>): Promise<string> {
  const program = `const { handler } = await import(${JSON.stringify(fileOf(UPLOAD_IMAGE))})
    const result = ${script}
    process.stdout.write('\\n' + JSON.stringify(result), () => process.exit())`
  const env = { AWS_REGION: 'us-east-1', STAGE: 'test', BUCKET: 'test', ...environment }
  const args = ['--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

test('uploadImage has no client that it does not need, and starts without fetch and terminals', async () => {
  expect(withoutVersions(packagesOf(UPLOAD_IMAGE))).not.toContain('@aws-sdk+client-dynamodb')
  const modules = await runDeployed('process.moduleLoadList', { QUEUE_URL: 'http://127.0.0.1/0/images' })
  expect(modules).toContain('NativeModule https')
  expect(modules).not.toContain('NativeModule internal/deps/undici/undici')
  // What packages that print to a terminal import.
  expect(modules).not.toContain('NativeModule tty')
})

test('a function has the schemas of the commands that it sends alone', async () => {
  const code = await readFile(fileOf(UPLOAD_IMAGE), 'utf8')
  expect(code).toContain('PutObjectRequest')
  expect(code).toContain('SendMessageRequest')
  expect(code).not.toMatch(/GetBucketAcl|SelectObjectContent|ReceiveMessage|CreateQueue/)
})

test('a function does not look for files with settings of the SDK', async () => {
  const code = await readFile(fileOf(UPLOAD_IMAGE), 'utf8')
  expect(code).toContain('AWS_MAX_ATTEMPTS')
  expect(code).not.toMatch(/AWS_CONFIG_FILE|AWS_SHARED_CREDENTIALS_FILE/)
})

test('a stack trace names the line of the source', async () => {
  const source = await readFile(join(SERVICES, 'upload-api/src/environment.ts'), 'utf8')
  const line = source.split('\n').findIndex((text) => text.includes('.parse(process.env)')) + 1
  const withoutQueue = runDeployed('undefined', { QUEUE_URL: 'none' })
  await expect(withoutQueue).rejects.toThrow(`    at ${SERVICES}/upload-api/src/environment.ts:${line}:`)
})

test('uploadImage stores an image and sends its message, and says what another file is', async () => {
  const aws = await startLocalAws()
  try {
    Object.assign(process.env, awsEnvironment(aws.endpoint))
    const sqs = new SQSClient({})
    await new S3Client({}).send(new CreateBucketCommand({ Bucket: 'test' }))
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'images' }))
    const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c84' } })
      .png()
      .toBuffer()
    const requestWith = (body: Uint8Array) => ({
      rawPath: '/v1/images',
      rawQueryString: '',
      headers: { 'content-type': 'image/png' },
      requestContext: {
        http: { method: 'POST', path: '/v1/images', sourceIp: '192.0.2.1', userAgent: 'test' },
        authorizer: { lambda: { app: 'web-app-1', credential: 'test', kind: 'key', scopes: 'upload' } },
      },
      isBase64Encoded: true,
      body: Buffer.from(body).toString('base64'),
    })
    const environment = { ...awsEnvironment(aws.endpoint), QUEUE_URL: QueueUrl }
    const send = (body: Uint8Array) =>
      runDeployed(
        `await handler(${JSON.stringify(requestWith(body))}, { awsRequestId: 'test', functionName: 'test' })`,
        environment,
      )
    expect(await send(image)).toMatchObject({ statusCode: 202 })
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }))
    expect(JSON.parse(Messages?.[0]?.Body ?? '')).toMatchObject({ data: { contentType: 'image/png' } })
    // It is recognized from a file that it contains compressed.
    const types = strToU8('<Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/>')
    const spreadsheet = zipSync({ '[Content_Types].xml': types })
    expect(await send(spreadsheet)).toMatchObject({ statusCode: 415, body: expect.stringContaining('XLSM') })
  } finally {
    await aws.stop()
  }
})
