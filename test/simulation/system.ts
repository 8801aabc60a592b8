/** The deployed handlers, imported once. Their clients send to the history that runs now. */
import { NoSuchKey } from '@aws-sdk/client-s3'
import { configurationFile } from '@darkroom/app-configuration/testing'
import type { Input } from './memory-s3.ts'
import { presetsOf, retention } from './settings.ts'

export const BUCKET = 'simulated'
const queueUrl = (name: string) => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`
export const IMAGE_QUEUE = queueUrl('images')
export const DEAD_LETTERS = queueUrl('images-dead-letters')
export const PARKED = queueUrl('images-parked')
export const UNDELIVERED = queueUrl('undelivered')
export const WATCH = queueUrl('images-watch')
export const OUTCOMES = queueUrl('outcomes')
export const UNANNOUNCED = queueUrl('outcomes-dead-letters')
export const COLLECT = queueUrl('collect')
export const UNCOLLECTED = queueUrl('collect-dead-letters')
export const TOPIC = 'images'

Object.assign(process.env, {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'simulated',
  AWS_SECRET_ACCESS_KEY: 'simulated',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  POWERTOOLS_METRICS_DISABLED: 'true',
  STAGE: 'simulated',
  BUCKET,
  UNDELIVERED_BUCKET: BUCKET,
  QUEUE_URL: IMAGE_QUEUE,
  PARKED_QUEUE_URL: PARKED,
  EVENTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:darkroom-local-events',
  APPS_FILE: configurationFile({
    presets: presetsOf(1),
    retentionDays: retention.default,
    apps: { 'web-app-1': {}, 'web-app-2': { topics: [TOPIC] }, thrifty: { deduplication: true } },
  }),
})

export const { handler: uploadImage } = await import('../../services/upload-api/src/routes/upload-image.ts')
export const { handler: createUpload } = await import('../../services/upload-api/src/routes/create-upload.ts')
export const { handler: completeUpload } = await import(
  '../../services/upload-api/src/routes/complete-upload.ts'
)
export const { handler: getImage } = await import('../../services/upload-api/src/routes/get-image.ts')
export const { handler: eraseImage } = await import('../../services/upload-api/src/routes/erase-image.ts')
export const { handler: watchImages } = await import('../../services/upload-api/src/watch/watch-images.ts')
export const { handler: reconcileImages } = await import('../../services/upload-api/src/watch/reconcile.ts')
export const { send: request } = await import('../../services/upload-api/src/testing/send.ts')
export const { processImages } = await import('../../services/image-processor/src/queue/process-images.ts')
export const { handler: settleDeadLetters } = await import(
  '../../services/image-processor/src/handlers/settle-dead-letters.ts'
)
export const { handler: clearParked } = await import(
  '../../services/image-processor/src/handlers/clear-parked.ts'
)
export const { handler: announceOutcomes } = await import(
  '../../services/image-processor/src/handlers/announce-outcomes.ts'
)
export const { handler: collectEvents } = await import(
  '../../services/analytics-catalog/src/collect/collect-events.ts'
)
const { settingsOf: settingsOfApi } = await import('../../services/upload-api/src/settings.ts')
const { settingsOf: settingsOfBridge } = await import('../../services/kafka-bridge/src/settings.ts')
const { refusals: refusalsOfApi } = await import('../../services/upload-api/src/refusals.ts')
const { refusals: refusalsOfBridge } = await import('../../services/kafka-bridge/src/refusals.ts')
const { forgetKept } = await import('../../services/kafka-bridge/src/kept-records.ts')
const { choosePreset } = await import('../../services/image-processor/src/presets/choose-preset.ts')
/** Those that the functions use. */
export const { presets, digest } = await import('@darkroom/app-configuration/deployed')
export const { handler: bridge } = await import('../../services/kafka-bridge/src/bridge-records.ts')
export const { handler: bridgeUndelivered } = await import(
  '../../services/kafka-bridge/src/bridge-undelivered.ts'
)
export const { placeHold, putSettings, releaseHold } = await import('@darkroom/bucket')
export const { redevelop } = await import('../../tools/cli/src/redevelop.ts')
export const { redriveParked } = await import('../../tools/cli/src/dead-letters.ts')

const { openBucket } = await import('@darkroom/bucket')
const { SQSClient } = await import('@aws-sdk/client-sqs')
/** What the operator's command line opens. */
export const operator = {
  bucket: openBucket(BUCKET),
  sqs: new SQSClient({}),
  queueUrl: IMAGE_QUEUE,
  waitSeconds: 0,
  isLocal: true,
  label: 'simulated',
  close: () => {},
}

/** How the functions read what was applied to apps. */
let readSettings: (input: Input) => Promise<unknown> = nothingApplied

function nothingApplied(): Promise<never> {
  return Promise.reject(new NoSuchKey({ message: 'simulated', $metadata: {} }))
}

const APPS = ['web-app-1', 'web-app-2', 'thrifty']

/**
 * Lets the functions forget the history before: the records they kept, the refusals they counted, and what was applied to apps. They
 * remember settings across invocations, as warm functions do, so a read is not a step of one of them.
 */
export async function forgetHistory(read: typeof readSettings): Promise<void> {
  forgetKept()
  refusalsOfApi.forget()
  refusalsOfBridge.forget()
  readSettings = nothingApplied
  for (const app of APPS) {
    await settingsOfApi(app)
    await settingsOfBridge(app)
    await choosePreset({ app } as Parameters<typeof choosePreset>[0], 'sharp')
  }
  readSettings = read
}

type Service = 's3' | 'sqs' | 'sns'
type Send = (command: string, input: Input) => Promise<unknown>
let send: Record<Service, Send> | undefined

/** Lets all clients send their commands to a history. */
export function connect(to: Record<Service, Send>): void {
  send = to
}

function divert(client: { send: unknown }, service: Service): void {
  client.send = (command: { constructor: { name: string }; input: Input }) => {
    if (!send) throw new Error('no history runs')
    return send[service](command.constructor.name.replace(/Command$/, ''), command.input)
  }
}

const clients = await Promise.all([
  import('../../services/upload-api/src/clients.ts'),
  import('../../services/image-processor/src/clients.ts'),
  import('../../services/kafka-bridge/src/clients.ts'),
  import('../../services/analytics-catalog/src/clients.ts'),
  operator,
])
const { sns } = await import('../../services/image-processor/src/announce/publish-events.ts')
divert(sns, 'sns')
for (const { bucket, sqs, ...others } of clients) {
  divert(bucket.s3, 's3')
  divert(sqs, 'sqs')
  if ('settingsBucket' in others)
    Object.assign(others.settingsBucket.s3, { send: ({ input }: { input: Input }) => readSettings(input) })
}
