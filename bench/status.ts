/**
 * Measures `GET /v1/images/{id}` for apps with many images: the handler's latency compared with that of its bare requests
 * to S3, and the number of requests. `pnpm bench:status [--images N,N,…] [--rounds N]`
 *
 * Each number of images has its own store and process; their rounds alternate. Storing 100,000 images
 * takes about a minute. Exits with 1 if a status needed more than two requests.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import type { StatusTimes } from './status-peer.ts'

const { values: options } = scriptOptions(import.meta.filename, {
  options: {
    images: { type: 'string', default: '100,10000,100000' },
    rounds: { type: 'string', default: '20' },
  },
})

/** Maximum S3 requests for one status. */
const MAX_REQUESTS = 2

interface Subject {
  images: number
  peer: ChildProcess
  rounds: StatusTimes[]
}

async function answerOf<Message>(peer: ChildProcess): Promise<Message> {
  const [message] = await once(peer, 'message')
  return message
}

function startPeer(endpoint: string, images: number): ChildProcess {
  const module = fileURLToPath(new URL('status-peer.ts', import.meta.url))
  const env = { ...process.env, ...awsEnvironment(endpoint) }
  const peer = fork(module, [String(images)], { env, execArgv: ['--disable-warning=ExperimentalWarning'] })
  peer.once('exit', (code) => {
    if (code !== 0) throw new Error(`the peer with ${images} images exited with ${code}`)
  })
  return peer
}

function quantile(samples: number[], part: number): number {
  return samples.toSorted((a, b) => a - b)[Math.ceil(part * samples.length) - 1] ?? Number.NaN
}

function report({ images, rounds }: Subject, smallest: number): string[] {
  const handler = rounds.flatMap(({ handlerMs }) => handlerMs)
  const bare = rounds.flatMap(({ bareMs }) => bareMs)
  const milliseconds = [quantile(handler, 0.5), quantile(handler, 0.95), quantile(bare, 0.95)]
  const ratios = [quantile(handler, 0.95) / smallest, quantile(handler, 0.95) / quantile(bare, 0.95)]
  return [
    images.toLocaleString('en'),
    ...milliseconds.map((value) => `${value.toFixed(2)} ms`),
    ...ratios.map((value) => value.toFixed(2)),
    String(Math.max(...rounds.map(({ maxRequests }) => maxRequests))),
  ]
}

const servers = []
const subjects: Subject[] = []
for (const images of options.images.split(',').map(Number)) {
  const started = performance.now()
  const aws = await startLocalAws()
  servers.push(aws)
  const peer = startPeer(aws.endpoint, images)
  subjects.push({ images, peer, rounds: [] })
  await answerOf(peer)
  console.log(
    `${images.toLocaleString('en')} images stored in ${((performance.now() - started) / 1000).toFixed(0)} s`,
  )
}
for (let round = 0; round <= Number(options.rounds); round++) {
  for (const { peer, rounds } of subjects) {
    const answer = answerOf<StatusTimes>(peer)
    peer.send('measure')
    const measured = await answer
    // The first round is a warm-up.
    if (round > 0) rounds.push(measured)
  }
}
const smallest = quantile(subjects[0]?.rounds.flatMap(({ handlerMs }) => handlerMs) ?? [], 0.95)
const columns = ['images', 'p50', 'p95', 'bare p95', 'p95 / first', 'p95 / bare', 'S3 requests']
console.log(
  formatTable(
    columns,
    subjects.map((subject) => report(subject, smallest)),
  ),
)
if (subjects.some(({ rounds }) => rounds.some(({ maxRequests }) => maxRequests > MAX_REQUESTS))) {
  console.error('A status needed more than two requests to S3.')
  process.exitCode = 1
}
for (const { peer } of subjects) peer.disconnect()
for (const server of servers) await server.stop()
