/**
 * Uploads bursts to a freshly started local stack: 500 images of 70 KB at 25/s, 2,000 at 100/s, 1,000 at once. Checks that
 * every upload is 202 and finished, and that long polls do not slow other requests. `pnpm bench:burst [--scale 0.1]`
 */
import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import sharp from 'sharp'
import { atSteadyRate } from './at-steady-rate.ts'
import { percentile } from './percentile-table.ts'

const { values } = parseArgs({ options: { scale: { type: 'string', default: '1' } } })
const scale = Number(values.scale)

const BYTES = 70_000
const LONG_POLLS = 50
const MEMORY_INTERVAL_MS = 250
const BURSTS = [
  { name: '25/s', images: 500, perSecond: 25 },
  { name: '100/s', images: 2_000, perSecond: 100 },
  { name: 'at once', images: 1_000, perSecond: Number.POSITIVE_INFINITY },
]

interface Upload {
  status: number | string
  milliseconds: number
  self?: string
}

/** Images of one size that differ in their last bytes. */
async function createImages(): Promise<(index: number) => Buffer<ArrayBuffer>> {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  const pixels = sharp({ create: { width: 400, height: 300, channels: 3, background: '#777', noise } })
  const jpeg = await pixels.jpeg({ quality: 80 }).toBuffer()
  const padding = Math.max(0, BYTES - jpeg.length - 4)
  return (index) => Buffer.concat([jpeg.subarray(0, 2), comment(padding, index), jpeg.subarray(2)])
}

/** A JPEG comment segment. */
function comment(bytes: number, index: number): Buffer {
  const segment = Buffer.alloc(bytes + 4)
  segment.writeUInt16BE(0xfffe)
  segment.writeUInt16BE(bytes + 2, 2)
  segment.write(String(index), 4)
  return segment
}

async function upload({ endpoints }: Stack, body: Buffer<ArrayBuffer>): Promise<Upload> {
  const started = performance.now()
  try {
    const answer = await fetch(`${endpoints.uploadApi}/v1/images`, {
      method: 'POST',
      headers: { ...authorization(endpoints), 'content-type': 'image/jpeg' },
      body,
    })
    const { links } = (await answer.json()) as { links?: { self: string } }
    return { status: answer.status, milliseconds: performance.now() - started, ...links }
  } catch (error) {
    const { message, cause } = error as Error
    return { status: String(cause ?? message), milliseconds: performance.now() - started }
  }
}

const authorization = ({ apps }: Stack['endpoints']) => ({
  authorization: `Bearer ${apps['web-app-1']?.apiKey}`,
})

/** Waits for each image in turn: as long as one is queued, the rest need not be asked for. */
async function finish({ endpoints }: Stack, uploads: Upload[]): Promise<Record<string, number>> {
  const statuses: string[] = []
  for (const { self } of uploads) {
    let status = 'queued'
    while (self && status === 'queued') {
      const headers = { ...authorization(endpoints), prefer: 'wait=25' }
      const answer = await fetch(endpoints.uploadApi + self, { headers })
      status = answer.ok
        ? ((await answer.json()) as { status: string }).status
        : `${answer.status} ${await answer.text()}`
    }
    statuses.push(status)
  }
  return counts(statuses)
}

function counts(words: string[]): Record<string, number> {
  const result: Record<string, number> = {}
  for (const word of words) result[word] = (result[word] ?? 0) + 1
  return result
}

/** Milliseconds of requests to /v1/health while many clients wait for the last image of a backlog. */
async function healthDuringLongPolls({ endpoints }: Stack, self: string): Promise<number[]> {
  const stop = new AbortController()
  const headers = { ...authorization(endpoints), prefer: 'wait=25' }
  const polls = Array.from({ length: LONG_POLLS }, () =>
    fetch(endpoints.uploadApi + self, { headers, signal: stop.signal }).catch(() => {}),
  )
  const samples = await atSteadyRate(50, 10, async () => {
    const started = performance.now()
    await (await fetch(`${endpoints.uploadApi}/v1/health`)).text()
    return performance.now() - started
  })
  stop.abort()
  await Promise.all(polls)
  return samples
}

/** The memory of this process and its descendants, the bench itself included. */
async function residentMegabytes(): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss='])
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const family = new Set([process.pid])
  for (let size = 0; size < family.size; ) {
    size = family.size
    for (const [pid = 0, parent = 0] of rows) if (family.has(parent)) family.add(pid)
  }
  return rows.reduce((sum, [pid = 0, , kilobytes = 0]) => sum + (family.has(pid) ? kilobytes / 1024 : 0), 0)
}

const startedAt = performance.now()
const stack = await startStack({ ports: await freePorts() })
console.log(`Ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
let peak = 0
const watch = setInterval(async () => {
  peak = Math.max(peak, await residentMegabytes())
}, MEMORY_INTERVAL_MS)
try {
  const image = await createImages()
  const rows: Record<string, string | number>[] = []
  for (const { name, images, perSecond } of BURSTS) {
    peak = 0
    const count = Math.round(images * scale)
    const uploads = await atSteadyRate(count, perSecond, (index) => upload(stack, image(index)))
    const latencies = uploads.map(({ milliseconds }) => milliseconds)
    const finishedFrom = performance.now()
    const finished = await finish(stack, uploads)
    rows.push({
      burst: name,
      images: count,
      answers: JSON.stringify(counts(uploads.map(({ status }) => String(status)))),
      'p50 ms': Math.round(percentile(latencies, 0.5)),
      'p99 ms': Math.round(percentile(latencies, 0.99)),
      'max ms': Math.round(Math.max(...latencies)),
      finished: JSON.stringify(finished),
      'after s': Math.round((performance.now() - finishedFrom) / 1000),
      'peak MB': Math.round(peak),
    })
    console.table(rows.slice(-1))
  }
  const backlog = await Promise.all(Array.from({ length: 300 }, (_, index) => upload(stack, image(-index))))
  const health = await healthDuringLongPolls(stack, backlog.at(-1)?.self ?? '')
  console.log(`/v1/health during ${LONG_POLLS} long polls: p99 ${Math.round(percentile(health, 0.99))} ms`)
} finally {
  clearInterval(watch)
  await stack.stop()
}
