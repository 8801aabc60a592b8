/**
 * Uploads bursts to a freshly started `pnpm dev`: 500 images of 70 KB at 25/s, 2,000 at 100/s, 1,000 at once. Checks that
 * every upload is 202 and finished, and that long polls do not slow other requests. `pnpm bench:burst [--scale 0.1]`
 */
import { scriptOptions } from '@darkroom/terminal'
import sharp from 'sharp'
import { atSteadyRate } from './at-steady-rate.ts'
import { percentile } from './percentile-table.ts'
import { type StackProcess, stackProcesses } from './stack-processes.ts'
import { type DevStack, startDev } from './start-dev.ts'

const { values } = scriptOptions(import.meta.filename, {
  options: { scale: { type: 'string', default: '1' } },
})
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

async function upload({ endpoints }: DevStack, body: Buffer<ArrayBuffer>): Promise<Upload> {
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

const authorization = ({ apps }: DevStack['endpoints']) => ({
  authorization: `Bearer ${apps['web-app-1']?.apiKey}`,
})

/** Waits for each image in turn: as long as one is queued, the rest need not be asked for. */
async function finish({ endpoints }: DevStack, uploads: Upload[]): Promise<Record<string, number>> {
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
async function healthDuringLongPolls({ endpoints }: DevStack, self: string): Promise<number[]> {
  const stop = new AbortController()
  const headers = { ...authorization(endpoints), prefer: 'wait=25' }
  const polls = Array.from({ length: LONG_POLLS }, () =>
    fetch(endpoints.uploadApi + self, { headers, signal: stop.signal }).catch(() => {}),
  )
  const samples = await atSteadyRate(100, 10, async () => {
    const started = performance.now()
    await (await fetch(`${endpoints.uploadApi}/v1/health`)).text()
    return performance.now() - started
  })
  stop.abort()
  await Promise.all(polls)
  return samples
}

/** Follows the stack's memory and keeps its highest sum. */
function watchMemory(root: number) {
  let peak: StackProcess[] = []
  const timer = setInterval(async () => {
    const now = await stackProcesses(root)
    if (total(now) > total(peak)) peak = now
  }, MEMORY_INTERVAL_MS)
  return {
    restart() {
      peak = []
    },
    peak: () => total(peak),
    /** The parts of the peak, with the number of processes of each. */
    describe: () =>
      Object.entries(Object.groupBy(peak, ({ name }) => name))
        .map(([name, own = []]) => `${own.length} × ${name} ${total(own)} MB`)
        .join(', '),
    stop: () => clearInterval(timer),
  }
}

function total(processes: StackProcess[]): number {
  return Math.round(processes.reduce((sum, { megabytes }) => sum + megabytes, 0))
}

const startedAt = performance.now()
const stack = await startDev()
console.log(`Ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
const memory = watchMemory(stack.pid)
try {
  const image = await createImages()
  for (const { name, images, perSecond } of BURSTS) {
    memory.restart()
    const count = Math.round(images * scale)
    const uploads = await atSteadyRate(count, perSecond, (index) => upload(stack, image(index)))
    const latencies = uploads.map(({ milliseconds }) => milliseconds)
    const finishedFrom = performance.now()
    const finished = await finish(stack, uploads)
    console.table([
      {
        burst: name,
        images: count,
        answers: JSON.stringify(counts(uploads.map(({ status }) => String(status)))),
        'p50 ms': Math.round(percentile(latencies, 0.5)),
        'p99 ms': Math.round(percentile(latencies, 0.99)),
        'max ms': Math.round(Math.max(...latencies)),
        finished: JSON.stringify(finished),
        'after s': Math.round((performance.now() - finishedFrom) / 1000),
        'peak MB': memory.peak(),
      },
    ])
    console.log(memory.describe())
  }
  const backlog = await Promise.all(Array.from({ length: 300 }, (_, index) => upload(stack, image(-index))))
  const health = await healthDuringLongPolls(stack, backlog.at(-1)?.self ?? '')
  const [p50, p99] = [0.5, 0.99].map((part) => Math.round(percentile(health, part)))
  console.log(`/v1/health during ${LONG_POLLS} long polls: p50 ${p50}, p99 ${p99} ms`)
} finally {
  memory.stop()
  await stack.stop()
}
