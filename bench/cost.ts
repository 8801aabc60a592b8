/**
 * Counts what AWS bills for an image, for each way in which it can arrive, and for a month without images.
 * `pnpm bench:cost [images]`, by default 10 for each way, of about 350 KB.
 *
 * Requests, invocations and log lines are counted at the running services; memory, alarms and schedules in the packaged
 * templates. Milliseconds are those of this machine. What analytics adds depends on the rate, because files and merges have many
 * images: a table of its own. Not included: limits of apps (`pnpm bench:limits`), free tiers, transfer to viewers, custom metrics, analysts' queries,
 * and for Kafka the pollers, which are billed by the hour.
 */
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { analyticsOfDay, collectFullBatch } from './cost/collector.ts'
import { COLLECTED_BATCH, COUNTED } from './cost/counted.ts'
import { type Service, startCountedStack, type Usage } from './cost/counted-stack.ts'
import { countIdleDay, type IdleDay, type IdleFunction } from './cost/idle-requests.ts'
import { PRICES, PRICES_AS_OF } from './cost/prices.ts'
import { readTemplates } from './cost/read-templates.ts'
import { typicalPhotograph, WAYS } from './cost/send-images.ts'
import { plus, times } from './cost/sums.ts'

/** Lambda's own lines for an invocation: START, END and REPORT. */
const PLATFORM_LOG_BYTES = 320
/** Hashing and comparing a key, without I/O. */
const AUTHORIZER_MS = 2
/** Lambda polls a queue with at least five connections, which wait up to 20 s each. */
const POLLS_PER_MONTH = (5 * 30 * 24 * 60 * 60) / 20
/** Clients ask once more if an image takes longer. */
const TOLERANCE = 0.05
const IDLE_APPS = [1, 100, 1_000, 10_000]

type Unit = Exclude<
  keyof typeof PRICES,
  's3GigabyteMonth' | 'athenaTerabyte' | 'dynamodbWrite' | 'alarmMonth' | 'compositeAlarmMonth'
>
type Units = Record<Unit, number>
const NAMES: Record<Unit, string> = {
  gatewayRequest: 'gateway requests',
  invocation: 'invocations',
  gigabyteSecond: 'GB-seconds',
  s3Write: 'S3 writes, lists',
  s3Read: 'S3 reads',
  sqsRequest: 'SQS requests',
  snsRequest: 'SNS requests',
  logGigabyte: 'GB of logs',
}

const { positionals } = scriptOptions(import.meta.filename, { allowPositionals: true })
const images = Number(positionals[0] ?? 10)
const deployment = await readTemplates()
const photograph = await typicalPhotograph()
console.log(
  `${images} images of ${Math.round(photograph.length / 1000)} KB, each way; us-east-1, list prices of ${PRICES_AS_OF}`,
)
async function measureWays(): Promise<Record<string, Units>> {
  const stack = await startCountedStack()
  const measured: Record<string, Units> = {}
  for (const [way, open] of Object.entries(WAYS)) {
    const client = open(stack)
    // The first one loads the functions.
    await client.send(photograph)
    await stack.take()
    client.takeCalls()
    for (let n = 0; n < images; n++) await client.send(photograph)
    measured[way] = times(unitsOf(await stack.take(), client.takeCalls()), 1 / images)
    await client.close()
  }
  await stack.stop()
  return measured
}

function unitsOf(usage: Record<Service, Usage>, calls: number): Units {
  const invocations = [
    ...Array(calls).fill({ name: 'authorize', ms: AUTHORIZER_MS }),
    ...invocationsOf(usage),
  ]
  const all = Object.values(usage)
  const { s3Write, s3Read, sqsRequest, snsRequest } = all.map(({ requests }) => requests).reduce(plus)
  const logBytes = all.reduce((sum, service) => sum + service.logBytes, 0)
  const documents = usage['image-processor'].lines.filter(({ message }) => message === 'image processed')
  return {
    gatewayRequest: calls,
    invocation: invocations.length,
    gigabyteSecond: invocations.reduce((sum, { name, ms }) => sum + gigabyteSeconds(name, ms), 0),
    s3Write,
    s3Read,
    // S3 sends an event for each document to the outcomes queue; the local one sends it inside.
    sqsRequest: sqsRequest + documents.length,
    snsRequest,
    logGigabyte: (logBytes + invocations.length * PLATFORM_LOG_BYTES) / 1e9,
  }
}

interface Invocation {
  /** Of the function. */
  name: string
  ms: number
}

/** From the log, in which each function has one line for a request, a message or a record. */
function invocationsOf(usage: Record<Service, Usage>): Invocation[] {
  const lines = (service: Service, message: RegExp) =>
    usage[service].lines.filter((line) => message.test(String(line.message)))
  const requests = [
    ['uploadImage', /^POST \/v1\/images /],
    ['createUpload', /^POST \/v1\/uploads /],
    ['completeUpload', /^POST \/v1\/uploads\/.*\/complete /],
    ['getImage', /^GET \/v1\/images\//],
    ['listImages', /^GET \/v1\/images /],
  ] as const
  const records = lines('kafka-bridge', /^record accepted/)
  return [
    ...requests.flatMap(([name, message]) =>
      lines('upload-api', message).map(({ milliseconds }) => ({ name, ms: Number(milliseconds) })),
    ),
    ...lines('image-processor', /^image processed/).map(({ processingMs }) => ({
      name: 'processImages',
      ms: Number(processingMs),
    })),
    ...lines('upload-api', /^watched objects looked at/).map(({ milliseconds }) => ({
      name: 'watchImages',
      ms: Number(milliseconds),
    })),
    ...lines('image-processor', /^outcomes announced/).map(({ milliseconds }) => ({
      name: 'announceOutcomes',
      ms: Number(milliseconds),
    })),
    // Its log has no duration: the time of its requests to S3 and SQS.
    ...records.map(() => ({
      name: 'bridgeRecords',
      ms: usage['kafka-bridge'].requests.busyMs / records.length,
    })),
  ]
}

function gigabyteSeconds(name: string, ms: number): number {
  const megabytes = deployment.memory[name]
  if (!megabytes) throw new Error(`no template has the function ${name}`)
  return (megabytes / 1024) * (Math.ceil(ms) / 1000)
}

function dollarsOf(units: Units): number {
  return Object.entries(units).reduce((sum, [unit, count]) => sum + count * PRICES[unit as Unit], 0)
}

function printWays(measured: Record<string, Units>): void {
  const ways = Object.keys(measured)
  const rows = Object.entries(NAMES).map(([unit, name]) => [
    name,
    ...Object.values(measured).flatMap((units) => [
      round(units[unit as Unit]),
      (units[unit as Unit] * PRICES[unit as Unit] * 1e6).toFixed(2),
    ]),
  ])
  const total = Object.values(measured).flatMap((units) => ['', (dollarsOf(units) * 1e6).toFixed(2)])
  console.log('\nUnits of one image, and US dollars of a million images')
  console.log(formatTable(['', ...ways.flatMap((way) => [way, '$'])], [...rows, ['all', ...total]]))
  for (const [way, known] of Object.entries(COUNTED)) {
    for (const [unit, count] of Object.entries(known)) {
      const now = measured[way]?.[unit as Unit] ?? 0
      if (Math.abs(now - count) > count * TOLERANCE)
        console.log(
          `${way}: ${round(now)} ${NAMES[unit as Unit]} instead of ${round(count)}. Change bench/cost/counted.ts.`,
        )
    }
  }
}

function round(count: number): string {
  return count < 0.01 ? count.toPrecision(2) : Number(count.toFixed(3)).toString()
}

/** Reads nothing or little, and Athena bills 10 MB. */
const SMALLEST_QUERY_TERABYTES = 10 / 1_000_000

function printIdle(day: Record<IdleFunction, IdleDay>): void {
  const { alarmMetrics, compositeAlarms, polledQueues, scheduled, statements } = deployment
  const alarms = alarmMetrics * PRICES.alarmMonth + compositeAlarms * PRICES.compositeAlarmMonth
  const polling = polledQueues * POLLS_PER_MONTH * PRICES.sqsRequest
  const running = Object.entries(scheduled).reduce(
    (sum, [name, count]) =>
      sum + count * (PRICES.invocation + gigabyteSeconds(name, 200) * PRICES.gigabyteSecond),
    0,
  )
  const statementsOfMonth = statements * SMALLEST_QUERY_TERABYTES * PRICES.athenaTerabyte
  const monthOf = (name: IdleFunction, apps: number) => {
    const { constant, perApp, athenaQueries } = day[name]
    const { s3Write, s3Read, sqsRequest, busyMs } = plus(constant, times(perApp, apps))
    return (
      30 *
      (s3Write * PRICES.s3Write +
        s3Read * PRICES.s3Read +
        sqsRequest * PRICES.sqsRequest +
        gigabyteSeconds(name, busyMs) * PRICES.gigabyteSecond +
        athenaQueries * SMALLEST_QUERY_TERABYTES * PRICES.athenaTerabyte)
    )
  }
  const rows = IDLE_APPS.map((apps) => {
    const sameForAll = [alarms, polling, running, statementsOfMonth]
    const parts = [...sameForAll, monthOf('mergeOutcomes', apps), monthOf('reconcileRows', apps)]
    const all = [...parts, monthOf('reconcileImages', apps)]
    return [apps, ...[...all, sumOf(all)].map((dollars) => dollars.toFixed(2))]
  })
  console.log(
    `\nUS dollars of a month without images: ${alarmMetrics} metrics have alarms, Lambda polls ${polledQueues} queues,\nschedules call functions and Athena, tables are maintained, rows and images are compared.\nEach app has an old image.`,
  )
  console.log(
    formatTable(
      ['apps', 'alarms', 'polling', 'calls', 'statements', 'merges', 'rows', 'images', 'all'],
      rows,
    ),
  )
}

const sumOf = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0)

const RATES = [0.1, 1, 10, 100, 1_000]

async function printAnalytics(): Promise<void> {
  const batch = await collectFullBatch()
  const gigabytes = {
    collectEvents: (deployment.memory.collectEvents ?? 0) / 1024,
    mergeOutcomes: (deployment.memory.mergeOutcomes ?? 0) / 1024,
  }
  const batches = batch.events / COLLECTED_BATCH.events
  if (Math.abs(batches - 1) > TOLERANCE || Math.abs(batch.bytes / COLLECTED_BATCH.bytes - 1) > TOLERANCE)
    console.log(`\nA batch is ${batch.events} events and ${batch.bytes} bytes. Change bench/cost/counted.ts.`)
  const rows = RATES.map((rate) => {
    const images = rate * 86_400
    const parts = Object.values(analyticsOfDay(images, batch, gigabytes))
    return [rate, ...[...parts, sumOf(parts)].map((dollars) => ((dollars * 1e6) / images).toFixed(2))]
  })
  const { events, bytes, milliseconds } = batch
  console.log(
    `\nAnalytics, US dollars of a million images: ${events} events of 6 MB are a file of ${Math.round(bytes / 1000)} KB after ${Math.round(milliseconds)} ms`,
  )
  console.log(formatTable(['images/s', ...Object.keys(analyticsOfDay(1, batch, gigabytes)), 'all'], rows))
}

printWays(await measureWays())
printIdle(await countIdleDay())
await printAnalytics()
