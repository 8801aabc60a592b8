import FlatQueue from 'flatqueue'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { fifo, lambdaAccount, prefixes, tokenBucket } from './capacity.ts'
import type { Limit, Limits } from './limits.ts'

/** What arrives, how the system is set up, and what fails. Times in seconds. */
export interface Scenario {
  seed: number
  /** Images a second, at random times (a Poisson process), for so many seconds. */
  rate: number
  seconds: number
  /** Images that all arrive in the first second, in addition. */
  burst: number
  /** The images come from so many apps, in turn. */
  apps: number
  outage?: { of: 'S3' | 'SQS'; from: number; seconds: number }
  limits: Limits
  maximumConcurrency: number
  batchSize: number
  watchDelay: number
  /** How often a client sends an image that is refused, before it gives up. */
  attempts: number
  /** Clients ask with `Prefer: wait=25` until the image is ready. */
  clientsWait: boolean
  /** Executions of `getImage` at once; without it, as many as the account has. */
  reservedForStatus?: number
  /** While the queue is behind, `getImage` answers at once with a `Retry-After`. */
  answersEarly: boolean
  workload: Workload
}

/** Milliseconds of the functions. */
interface Workload {
  upload: number
  status: number
  /** On average, for one image. */
  process: number
  coldApi: number
  coldProcessor: number
}

/** What became of the images of a scenario. */
export interface Outcome {
  sent: number
  accepted: number
  /** Images whose client gave up. */
  gaveUp: number
  ready: number
  /** Seconds from acceptance until ready, sorted. */
  secondsToReady: Float64Array
  /** Seconds from the first arrival until the last image was ready. */
  lastReady: number
  /** Requests that the gateway or Lambda refused. */
  refusedRequests: number
  deepestQueue: number
  /** Executions at once, at most. */
  peaks: Record<FunctionName, number>
  /** When each limit bound for the first time, in this order. */
  bound: Map<Limit, number>
  /** Of all images together. */
  requests: number
  statusSeconds: number
  uploadSeconds: number
  processSeconds: number
  documentReads: number
}

type FunctionName = 'uploadImage' | 'getImage' | 'processImages'

const SEND = 0
const STORED = 1
const NOT_STORED = 2
const ASK = 3
const SLOW_POLLS = 4
const WAIT_OVER = 5
const WAIT_ANSWERED = 6
const READY = 7
const BATCH_DONE = 8
const POLL = 9
const RETURNED = 10
const LOOK = 11
const LOOK_NOW = 12
const KINDS = 16

/** Until the SDK gives up on a service that is away. */
const SDK_SECONDS = 5
/** From an answer until the client's next request. */
const ROUND_TRIP_SECONDS = 0.05
const WAIT_SECONDS = 25
/** How long a client waits in all: packages/client/src/wait-until-final.ts. */
const CLIENT_SECONDS = 60
/** Documents that `getImage` reads in a second, at first and later: services/upload-api/src/status/wait.ts. */
const FAST_POLLS = 1 / 0.28
const SLOW_POLL = 2.5
const FAST_SECONDS = 10
/** With more, the processor is behind: services/upload-api/src/backlog.ts. */
const MAX_WAITING_MESSAGES = 100
/** Ten executions of `watchImages`, each with ten messages in 0.4 s. */
const WATCHED_PER_SECOND = 250
const VARIANTS = 3
/** A message or request that waited longer for a limit was bound by it. */
const BOUND_SECONDS = 1

/** Follows each image of a scenario through the system. The same scenario always has the same outcome. */
export function simulateFlow(scenario: Scenario): Outcome {
  const { limits, apps, outage, workload } = scenario
  const random = randomNumbers(scenario.seed)
  const arrivals = arrivalTimes(scenario, random)
  const count = arrivals.length
  const events = new FlatQueue<number>()
  const at = (time: number, kind: number, image = 0) => events.push(image * KINDS + kind, time)

  const attempts = new Uint16Array(count)
  const receives = new Uint16Array(count)
  const acceptedAt = new Float64Array(count)
  const queuedAt = new Float64Array(count)
  const readyAt = new Float64Array(count)
  /** When the wait of an image's client ends, and when it began; 0 if it does not wait. */
  const waitEnds = new Float64Array(count)

  const bound = new Map<Limit, number>()
  const gateway = tokenBucket(limits.gatewayRate, limits.gatewayBurst)
  const lambda = lambdaAccount(limits, (limit) => bind(limit))
  const uploadImage = lambda.open(workload.coldApi / 1000)
  const getImage = lambda.open(workload.coldApi / 1000, scenario.reservedForStatus)
  const processImages = lambda.open(workload.coldProcessor / 1000)
  const originals = prefixes(apps, limits.s3Writes)
  const watch = prefixes(1, WATCHED_PER_SECOND)
  const variants = prefixes(apps, limits.s3Writes / VARIANTS)

  let now = 0
  const outcome = { accepted: 0, gaveUp: 0, ready: 0, refusedRequests: 0, requests: 0, lastReady: 0 }
  const used = { statusSeconds: 0, uploadSeconds: 0, processSeconds: 0, documentReads: 0 }

  function bind(limit: Limit) {
    if (!bound.has(limit)) bound.set(limit, now)
  }
  function isAway(service: 'S3' | 'SQS', time = now): boolean {
    return outage?.of === service && time >= outage.from && time < outage.from + outage.seconds
  }

  // The gateway and the upload API.
  /** @returns the seconds of a cold start; undefined if the request is refused with 429 or 503 */
  function through(fn: ReturnType<typeof lambda.open>): number | undefined {
    outcome.requests++
    const taken = gateway.take(now)
    if (!taken) bind('gateway rate')
    const cold = taken ? fn.start(now) : undefined
    if (cold === undefined) outcome.refusedRequests++
    return cold
  }
  function send(image: number) {
    attempts[image] = (attempts[image] as number) + 1
    const cold = through(uploadImage)
    if (cold === undefined) return sendLater(image)
    const delay = isAway('S3') ? SDK_SECONDS : originals.delay(image % apps, now)
    if (delay > BOUND_SECONDS && !isAway('S3')) bind('s3 writes of originals')
    const seconds = cold + workload.upload / 1000 + Math.min(delay, SDK_SECONDS)
    used.uploadSeconds += seconds - cold
    at(now + seconds, delay >= SDK_SECONDS ? NOT_STORED : STORED, image)
  }
  function sendLater(image: number) {
    const attempt = attempts[image] as number
    if (attempt >= scenario.attempts) outcome.gaveUp++
    else at(now + backoff(attempt), SEND, image)
  }
  /** As packages/client/src/retry.ts. */
  function backoff(attempt: number): number {
    return Math.min(20, 2 ** (attempt - 1)) * (0.5 + random() / 2)
  }
  function stored(image: number) {
    uploadImage.end()
    outcome.accepted++
    acceptedAt[image] = now
    if (isAway('SQS')) at((outage?.from ?? 0) + (outage?.seconds ?? 0) + scenario.watchDelay, LOOK, image)
    else enqueue(image)
    if (scenario.clientsWait) at(now + ROUND_TRIP_SECONDS, ASK, image)
  }

  // Clients that wait.
  let [fastWaiters, slowWaiters] = [0, 0]
  function ask(image: number) {
    if (now - (acceptedAt[image] as number) > CLIENT_SECONDS) return
    const cold = through(getImage)
    if (cold === undefined) return at(now + backoff(1 + Math.floor(random() * 4)), ASK, image)
    const isBehind = scenario.answersEarly && (queue.size() > MAX_WAITING_MESSAGES || isAway('SQS'))
    if (readyAt[image] || isBehind) {
      const seconds = cold + workload.status / 1000
      used.statusSeconds += seconds - cold
      if (!readyAt[image]) at(now + seconds + retrySeconds() * (1 + random() / 2), ASK, image)
      return at(now + seconds, WAIT_ANSWERED)
    }
    waitEnds[image] = now + WAIT_SECONDS
    fastWaiters++
    if ((fastWaiters * FAST_POLLS + slowWaiters * SLOW_POLL) / apps > limits.s3Reads)
      bind('s3 reads of documents')
    at(now + FAST_SECONDS, SLOW_POLLS, image)
    at(now + WAIT_SECONDS, WAIT_OVER, image)
  }
  /** As services/upload-api/src/backlog.ts. */
  function retrySeconds(): number {
    return isAway('SQS') ? 60 : Math.min(Math.max(Math.ceil(queue.size() / 100), 2), 60)
  }
  function stopWaiting(image: number) {
    const seconds = WAIT_SECONDS - ((waitEnds[image] as number) - now)
    waitEnds[image] = 0
    if (seconds < FAST_SECONDS) fastWaiters--
    else slowWaiters--
    used.statusSeconds += seconds + workload.status / 1000
    used.documentReads +=
      Math.min(seconds, FAST_SECONDS) * FAST_POLLS + Math.max(0, seconds - FAST_SECONDS) * SLOW_POLL
  }

  // The image queue and its trigger.
  const queue = fifo(count)
  let [batches, backlogSince, deepestQueue, nextPoll] = [0, -1, 0, 0]
  const mostBatches = Math.min(scenario.maximumConcurrency, limits.mostBatches)
  function allowedBatches(): number {
    const grown = backlogSince < 0 ? 0 : ((now - backlogSince) * limits.moreBatchesPerMinute) / 60
    return Math.min(mostBatches, limits.firstBatches + Math.floor(grown))
  }
  function enqueue(image: number) {
    queuedAt[image] = now
    queue.add(image)
    deepestQueue = Math.max(deepestQueue, queue.size())
    poll()
  }
  function poll() {
    while (queue.size() > 0 && batches < allowedBatches() && !isAway('SQS')) {
      const cold = processImages.start(now)
      if (cold === undefined) break
      batches++
      process(now + cold)
    }
    if (queue.size() === 0) {
      if (batches < limits.firstBatches) backlogSince = -1
      return
    }
    if (backlogSince < 0) backlogSince = now
    if (nextPoll > now) return
    nextPoll = now + 1
    at(nextPoll, POLL)
  }
  function process(start: number) {
    const full = batches >= mostBatches ? 'maximumConcurrency' : 'batches at first'
    let time = start
    for (let taken = 0; taken < scenario.batchSize && queue.size() > 0; taken++) {
      const image = queue.take()
      receives[image] = (receives[image] as number) + 1
      if (now - (queuedAt[image] as number) > BOUND_SECONDS && !lambda.isFull()) bind(full)
      if (isAway('S3', time)) {
        time += SDK_SECONDS
        at(time + Math.min(5 * 3 ** ((receives[image] as number) - 1), 900), RETURNED, image)
      } else {
        const delay = variants.delay(image % apps, now)
        if (delay > BOUND_SECONDS) bind('s3 writes of variants')
        time += (workload.process / 1000) * spread(random) + delay
        at(time, READY, image)
      }
    }
    used.processSeconds += time - start
    at(time, BATCH_DONE)
  }
  function ready(image: number) {
    readyAt[image] = now
    outcome.ready++
    outcome.lastReady = now
    if (!waitEnds[image]) return
    stopWaiting(image)
    at(now + ROUND_TRIP_SECONDS, WAIT_ANSWERED)
  }
  /** What the watch queue does with an image whose message may be lost. */
  function look(image: number) {
    if (readyAt[image]) return
    const delay = watch.delay(0, now)
    if (delay > 0) return at(now + delay, LOOK_NOW, image)
    lookNow(image)
  }
  function lookNow(image: number) {
    if (readyAt[image]) return
    // S3 delivers the events of an outage after it.
    const age = now - Math.max(acceptedAt[image] as number, outage ? outage.from + outage.seconds : 0)
    if (queue.size() > MAX_WAITING_MESSAGES) at(now + Math.max(scenario.watchDelay, age), LOOK, image)
    else enqueue(image)
  }

  const handlers: Record<number, (image: number) => void> = {
    [SEND]: send,
    [STORED]: stored,
    [NOT_STORED]: (image) => {
      uploadImage.end()
      sendLater(image)
    },
    [ASK]: ask,
    [SLOW_POLLS]: (image) => {
      if (Math.abs((waitEnds[image] as number) - (now - FAST_SECONDS + WAIT_SECONDS)) > 1e-6) return
      fastWaiters--
      slowWaiters++
    },
    [WAIT_OVER]: (image) => {
      if (waitEnds[image] !== now) return
      stopWaiting(image)
      getImage.end()
      at(now + 1, ASK, image)
    },
    [WAIT_ANSWERED]: () => getImage.end(),
    [READY]: ready,
    [BATCH_DONE]: () => {
      batches--
      processImages.end()
      poll()
    },
    [POLL]: poll,
    [RETURNED]: enqueue,
    [LOOK]: look,
    [LOOK_NOW]: lookNow,
  }
  arrivals.forEach((time, image) => {
    at(time, SEND, image)
  })
  for (;;) {
    const time = events.peekValue()
    const event = events.pop()
    if (time === undefined || event === undefined) break
    now = time
    handlers[event % KINDS]?.(Math.floor(event / KINDS))
  }
  const secondsToReady = new Float64Array(outcome.ready)
  let next = 0
  for (let image = 0; image < count; image++) {
    if (readyAt[image]) secondsToReady[next++] = (readyAt[image] as number) - (acceptedAt[image] as number)
  }
  return {
    ...outcome,
    ...used,
    sent: count,
    secondsToReady: secondsToReady.sort(),
    deepestQueue,
    bound,
    peaks: {
      uploadImage: uploadImage.peak(),
      getImage: getImage.peak(),
      processImages: processImages.peak(),
    },
  }
}

function randomNumbers(seed: number): () => number {
  const generator = xoroshiro128plus(seed)
  return () => uniformFloat64(generator)
}

function arrivalTimes({ rate, seconds, burst }: Scenario, random: () => number): number[] {
  const times = Array.from({ length: burst }, () => random())
  if (rate > 0)
    for (let time = exponential(rate, random); time < seconds; time += exponential(rate, random))
      times.push(time)
  return times
}

function exponential(rate: number, random: () => number): number {
  return -Math.log(1 - random()) / rate
}

/** Of a lognormal distribution with the mean 1: most images take less, some three times as long. */
function spread(random: () => number): number {
  const sigma = 0.5
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.exp(sigma * normal - sigma ** 2 / 2)
}
