/**
 * Runs the bridge's handler on events of one kind, and repeats its requests to S3 and SQS without it:
 * `fork('bench/bridge-peer.ts', [JPEG, MODE, PARTITIONS, ROUNDS])`, with the service's environment. Sends the result as a
 * message. The service's logs go to standard output, as on Lambda.
 */
import { readFile } from 'node:fs/promises'
import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3'
import { SendMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs'
import type { MSKRecord } from 'aws-lambda'
import { handler } from '../services/kafka-bridge/src/bridge-records.ts'
import { bucket, sqs } from '../services/kafka-bridge/src/clients.ts'
import { CLOUD_EVENT, kafkaEvent, kafkaRecord } from '../services/kafka-bridge/test/kafka-records.ts'

const { s3 } = bucket

export type Mode = 'binary' | 'structured'

export interface Throughput {
  recordsPerEvent: number
  /** Records per pass. */
  records: number
  /** Time of each pass, in order. Passes of both kinds alternate. */
  bridgeMs: number[]
  bareMs: number[]
}

/** Lambda's limit, minus the envelope. */
const MAX_EVENT_BYTES = 5.9e6
/** Approximate image bytes per pass. */
const PASS_BYTES = 15e6

/** The bridge's requests to S3 and SQS for one record. */
interface Requests {
  put: PutObjectCommandInput
  message: SendMessageCommandInput
}

const [path = '', mode = 'binary', partitionsAsked = '1', rounds = '5'] = process.argv.slice(2)
const image = await readFile(path)
const bytesOfRecord = JSON.stringify(toRecord('for-size', 0, 0)).length
const recordsPerEvent = Math.floor(MAX_EVENT_BYTES / bytesOfRecord)
const partitions = Math.min(Number(partitionsAsked), recordsPerEvent)
const eventsPerPass = Math.ceil(PASS_BYTES / (recordsPerEvent * image.length))

function toRecord(id: string, partition: number, offset: number): MSKRecord {
  const position = { partition, offset, timestamp: Date.now() }
  if (mode === 'binary') {
    return kafkaRecord({ ...position, headers: { ...CLOUD_EVENT, ce_id: id }, value: image })
  }
  const { ce_specversion: specversion, ce_source: source, ce_type: type, ce_time: time } = CLOUD_EVENT
  const event = { specversion, source, type, time, id, datacontenttype: 'image/jpeg' }
  return kafkaRecord({
    ...position,
    headers: { 'content-type': 'application/cloudevents+json' },
    value: Buffer.from(JSON.stringify({ ...event, data_base64: image.toString('base64') })),
  })
}

function eventsOf(pass: string) {
  return Array.from({ length: eventsPerPass }, (_, event) =>
    kafkaEvent(
      ...Array.from({ length: recordsPerEvent }, (_, n) =>
        toRecord(`${pass}-${event}-${n}`, n % partitions, event * recordsPerEvent + n),
      ),
    ),
  )
}

async function throughBridge(events: ReturnType<typeof eventsOf>): Promise<void> {
  for (const event of events) {
    const { batchItemFailures } = await handler(event)
    if (batchItemFailures.length > 0) throw new Error('the bridge deferred records')
  }
}

/** Same order and concurrency as the bridge: partitions in parallel, one record at a time in each. */
async function bare(events: Requests[][][]): Promise<void> {
  for (const event of events) {
    await Promise.all(
      event.map(async (partition) => {
        for (const { put, message } of partition) {
          await s3.send(new PutObjectCommand(put))
          await sqs.send(new SendMessageCommand(message))
        }
      }),
    )
  }
}

/** Runs one record through the bridge and records its requests. */
async function observe(): Promise<Requests> {
  let put: PutObjectCommandInput | undefined
  let message: SendMessageCommandInput | undefined
  const name = { name: 'observe', step: 'initialize' } as const
  s3.middlewareStack.add(
    (next) => (args) => {
      put = args.input as PutObjectCommandInput
      return next(args)
    },
    name,
  )
  sqs.middlewareStack.add(
    (next) => (args) => {
      message = args.input as SendMessageCommandInput
      return next(args)
    },
    name,
  )
  await handler(kafkaEvent(toRecord('observed', 0, 0)))
  for (const client of [s3, sqs]) client.middlewareStack.remove('observe')
  if (!(put && message)) throw new Error('the bridge did not accept the record')
  return { put, message }
}

/** The same requests for other objects. */
function bareEventsOf(pass: string, { put, message }: Requests): Requests[][][] {
  return eventsOf(pass).map(({ records }, event) =>
    Object.entries(records).map(([partition, batch]) =>
      batch.map((_, n) => ({
        put: { ...put, Key: `${put.Key}-${pass}-${event}-${partition}-${n}` },
        message,
      })),
    ),
  )
}

async function milliseconds(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

const requests = await observe()
const bridgeMs: number[] = []
const bareMs: number[] = []
for (let round = 0; round <= Number(rounds); round++) {
  const events = eventsOf(`pass-${round}`)
  const bareEvents = bareEventsOf(`pass-${round}`, requests)
  const bridge = async () => bridgeMs.push(await milliseconds(() => throughBridge(events)))
  const alone = async () => bareMs.push(await milliseconds(() => bare(bareEvents)))
  for (const pass of round % 2 ? [bridge, alone] : [alone, bridge]) await pass()
}
/** Warm-up passes, while code is loaded and compiled. */
const warmUp = 1
process.send?.({
  recordsPerEvent,
  records: recordsPerEvent * eventsPerPass,
  bridgeMs: bridgeMs.slice(warmUp),
  bareMs: bareMs.slice(warmUp),
} satisfies Throughput)
