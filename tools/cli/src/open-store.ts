import { SQSClient } from '@aws-sdk/client-sqs'
import { type Bucket, openBucket } from '@darkroom/bucket'
import { type Endpoints, readEndpoints } from '@darkroom/local-stack/endpoints'
import { printable } from '@darkroom/terminal'
import type { Command } from 'commander'
import type { AuditedQueues } from './audit/queues.ts'
import { storeOfStage } from './stage-store.ts'

/** The bucket of a deployment or of the local stack. */
export interface Store {
  bucket: Bucket
  /** For people: `s3://darkroom-prod (AWS, eu-central-1)` or `local stack at http://127.0.0.1:4566`. */
  label: string
  isLocal: boolean
  /** The queues, if the image queue is known. The names of the others begin with its name. */
  queues?: (AuditedQueues & { settings?: ClientSettings }) | undefined
  close(): void
}

/** Endpoint, region and credentials for other clients of the same store; empty for those of the AWS SDK itself. */
type ClientSettings = ReturnType<typeof clientSettings>

/** A store together with the queue from which its images are processed. */
export type StoreWithQueue = Store & NonNullable<Store['queues']>

/** What `addStoreOptions` adds to a command. */
export interface StoreOptions {
  bucket?: string
  queueUrl?: string
  local?: boolean
  stage?: string
}

/** Gives a command the options that choose its store. They are the same for every command. */
export function addStoreOptions(command: Command): Command {
  // `analytics` has its own, which reads a stage with Athena.
  if (!command.options.some(({ long }) => long === '--stage'))
    command.option('--stage <stage>', 'use the bucket and the image queue of this stage on AWS')
  return command
    .option('--bucket <name>', 'use this bucket on AWS')
    .option('--queue-url <url>', 'the image queue of that bucket, for commands that send messages')
    .option('--local', 'use the local stack')
    .addHelpText(
      'after',
      `
Store: --stage, --bucket (with --queue-url) or --local chooses it. Without these
options, BUCKET and QUEUE_URL of the environment choose a deployment; if they
are not set, the running local stack is used. A command refuses to guess between
the two. Credentials and region of a deployment come from the AWS SDK's own
settings.`,
    )
}

/**
 * Opens the bucket that the options, the environment or the running local stack name.
 *
 * @throws Error that says which options to use, if they name no store or more than one
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  return connect(await chooseStore(options))
}

/** Like `openStore`, for a command that also sends messages. @throws Error as `openStore` does, or if there is no queue */
export async function openStoreWithQueue(options: StoreOptions): Promise<StoreWithQueue> {
  const { queues, ...store } = await openStore(options)
  if (!queues) {
    store.close()
    const [queue, bucket] = options.bucket ? ['--queue-url', '--bucket'] : ['QUEUE_URL', 'BUCKET']
    throw new Error(`This command sends messages: set ${queue} as well as ${bucket}.`)
  }
  return { ...store, ...queues }
}

interface StoreLocation {
  bucket: string
  queueUrl?: string | undefined
  /** Of the local stack; undefined for a deployment. */
  localEndpoint?: string
}

async function chooseStore(options: StoreOptions): Promise<StoreLocation> {
  const { bucket, queueUrl, local, stage } = options
  // Caused by a shell variable that is not set, as in --bucket "$BUCKET".
  if (bucket === '' || queueUrl === '') throw new Error('--bucket and --queue-url need a value.')
  if (stage !== undefined) {
    if (local || bucket || queueUrl) throw new Error('Use --stage alone, or the options of a bucket.')
    return storeOfStage(stage)
  }
  if (local && (bucket || queueUrl)) {
    throw new Error('Use either --local or --bucket and --queue-url, not both.')
  }
  if (queueUrl && !bucket) throw new Error('--queue-url needs --bucket: name the bucket of that queue.')
  if (bucket) return { bucket, queueUrl }
  return local ? localStack(await readEndpoints()) : chooseWithoutOptions()
}

async function chooseWithoutOptions(): Promise<StoreLocation> {
  const { BUCKET: bucket, QUEUE_URL: queueUrl } = process.env
  const endpoints = await readEndpoints().catch(() => undefined)
  if (endpoints && (bucket || queueUrl)) {
    const variable = bucket ? `BUCKET names ${bucket}` : `QUEUE_URL names ${queueUrl}`
    throw new Error(
      `${variable}, and a local stack is running at ${endpoints.aws}. Choose one with --bucket NAME or --local.`,
    )
  }
  if (bucket) return { bucket, queueUrl }
  if (queueUrl)
    throw new Error('QUEUE_URL is set but BUCKET is not: set both, or use --bucket and --queue-url.')
  if (endpoints) return localStack(endpoints)
  throw new Error(
    'No store is named. Start the local stack with: pnpm dev. Or name a deployment with --stage STAGE.',
  )
}

function localStack({ bucket, queueUrl, aws }: Endpoints): StoreLocation {
  return { bucket, queueUrl, localEndpoint: aws }
}

/** A receive that waits asks all of SQS's servers. */
const ALL_SERVERS_SECONDS = 1

async function connect(location: StoreLocation): Promise<Store> {
  const pathStyle = location.localEndpoint && { forcePathStyle: true }
  const bucket = openBucket(location.bucket, { ...clientSettings(location), ...pathStyle }, warnOfUnreadable)
  const { queueUrl } = location
  const settings = clientSettings(location)
  const isLocal = location.localEndpoint !== undefined
  // The local queues are one server.
  const waitSeconds = isLocal ? 0 : ALL_SERVERS_SECONDS
  const queues = queueUrl ? { sqs: new SQSClient(settings), queueUrl, waitSeconds, settings } : undefined
  const close = () => {
    bucket.s3.destroy()
    queues?.sqs.destroy()
  }
  return { bucket, label: await labelOf(location, bucket), isLocal, queues, close }
}

/** On stderr, so that results can be piped. */
function warnOfUnreadable(key: string, reason: string): void {
  console.error(printable(`cannot be read: ${key} (${reason})`))
}

function clientSettings({ localEndpoint }: StoreLocation) {
  if (!localEndpoint) return {}
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  return { endpoint: localEndpoint, region: 'us-east-1', credentials }
}

async function labelOf({ localEndpoint }: StoreLocation, { name, s3 }: Bucket): Promise<string> {
  if (localEndpoint) return `local stack at ${localEndpoint}`
  // The AWS SDK uses these variables to connect to another server.
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL
  return `s3://${name} (${endpoint || 'AWS'}, ${await s3.config.region()})`
}
