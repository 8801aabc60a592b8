import { setTimeout } from 'node:timers/promises'
import { createApiKey, deleteApiKey } from '@darkroom/bucket'
import { type Client, createClient, type ImageStatus } from '@darkroom/client'
import { AppId } from '@darkroom/core'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import sharp from 'sharp'
import { recordAct } from '../audit-trail.ts'
import {
  type AppConnection,
  type AppOptions,
  addAppOptions,
  connectClient,
  LOCAL_APP,
  urlOfStage,
} from '../connect-client.ts'
import { openStore } from '../open-store.ts'
import { wholeNumberUpTo } from '../parsed-by.ts'

interface Options extends AppOptions {
  stage?: string
  timeout: number
  wait: number
}

/** `pnpm darkroom smoke`: sends one image through a deployment and erases it. */
export function addSmoke(program: Command): void {
  const smoke = program
    .command('smoke')
    .description('upload a generated photograph, wait for it, erase it; prints the time of each step')
    .option('--stage <stage>', 'a stage on AWS; the test makes an API key of the app, and deletes it')
    .option('--timeout <seconds>', 'how long the image may take', wholeNumberUpTo(600), 60)
    .option(
      '--wait <seconds>',
      'how long to wait for an API that does not answer yet',
      wholeNumberUpTo(600),
      60,
    )
  addAppOptions(smoke).action(async ({ stage, timeout, wait, ...options }: Options) => {
    const limits = { timeoutMs: timeout * 1000, waitMs: wait * 1000 }
    if (stage === undefined) await test(await connectClient(options), limits)
    else await withKeyOf(stage, options, (connection) => test(connection, limits))
  })
}

const HOUR_MS = 3_600_000

/** Connects to a stage with a key that ends with the test, and an hour later if the test is killed. */
async function withKeyOf(
  stage: string,
  { app: name = LOCAL_APP, url }: AppOptions,
  run: (connection: AppConnection) => Promise<void>,
): Promise<void> {
  const app = AppId.parse(name)
  const address = url ?? (await urlOfStage(stage))
  const store = await openStore({ stage })
  try {
    const { keyId, apiKey } = await createApiKey(store.bucket, app, 'live', new Date(Date.now() + HOUR_MS))
    // Nobody else knows it.
    const detail = `${keyId}, for a smoke test`
    await recordAct(store, { act: 'key.created', outcome: 'done', app, detail })
    try {
      await run({ client: createClient({ url: address, credential: apiKey }), label: `${address} as ${app}` })
    } finally {
      await deleteApiKey(store.bucket, keyId)
      await recordAct(store, { act: 'key.revoked', outcome: 'done', app, detail })
    }
  } finally {
    store.close()
  }
}

async function test(
  { client, label }: AppConnection,
  { timeoutMs, waitMs }: { timeoutMs: number; waitMs: number },
): Promise<void> {
  console.log(`API: ${label}`)
  await timed('API answers', () => waitForApi(client, waitMs))
  const photograph = await makePhotograph()
  const { id } = await timed('accepted', () =>
    client.upload(new Uint8Array(photograph), { filename: 'smoke-test.jpg' }),
  )
  try {
    const image = await timed('processed', async () => requireProcessed(client, id, timeoutMs))
    await timed('variants downloaded', () => downloadAll(image))
  } finally {
    await timed('erased', async () => requireErased(await client.deleteImage(id)))
  }
  console.log(printable(`The smoke test passed with image ${id}.`))
}

async function timed<Result>(step: string, run: () => Promise<Result>): Promise<Result> {
  const began = performance.now()
  const line = (word: string) => `${word.padEnd(20)} ${(performance.now() - began).toFixed(0).padStart(6)} ms`
  try {
    const result = await run()
    console.log(line(step))
    return result
  } catch (cause) {
    throw new Error(`The smoke test failed at the step "${step}".`, { cause })
  }
}

const RETRY_MS = 1000

/** Asks for the app's newest image: the key, the authorizer and the store have to work. */
async function waitForApi(client: Client, waitMs: number): Promise<void> {
  for (const began = Date.now(); ; await setTimeout(RETRY_MS)) {
    try {
      await client.listImages({ limit: 1 })
      return
    } catch (error) {
      if (Date.now() - began > waitMs) throw error
    }
  }
}

/** Noise, so that no two photographs have the same bytes and every one is work for the encoders. */
function makePhotograph(): Promise<Buffer> {
  const size = { width: 1600, height: 1200, channels: 3 as const, background: '#888' }
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 30 }
  return sharp({ create: { ...size, noise } })
    .jpeg({ quality: 80 })
    .toBuffer()
}

async function requireProcessed(client: Client, id: string, timeout: number): Promise<ImageStatus> {
  const image = await client.waitUntilFinal(id, { timeout })
  if (image.status === 'processed') return image
  throw new Error(
    `The image ${id} is ${image.status}: ${image.failure?.detail ?? `after ${timeout / 1000} s`}`,
  )
}

async function downloadAll({ variants = [] }: ImageStatus): Promise<void> {
  if (variants.length === 0) throw new Error('The image has no variants.')
  for (const { name, url, bytes } of variants) {
    const answer = await fetch(url)
    const received = (await answer.arrayBuffer()).byteLength
    if (!answer.ok || received !== bytes)
      throw new Error(
        `S3 answered ${answer.status} with ${received} of ${bytes} bytes for the variant ${name}.`,
      )
  }
}

async function requireErased({ id, status }: ImageStatus): Promise<void> {
  if (status !== 'erased') throw new Error(`The image ${id} is still ${status}.`)
}
