import { statfs } from 'node:fs/promises'
import { requireBucket } from '@darkroom/bucket'
import { type Endpoints, localFolder, readEndpoints } from '@darkroom/local-stack/endpoints'
import { openStoreWithQueue } from '../open-store.ts'
import { checkQueues } from './check-queues.ts'
import { type Check, type Checked, type Finding, ok, problem, runChecks, warning } from './findings.ts'

/** Node.js that the commands of this repository need. */
const OLDEST_NODE = 20
const FULL_DISK_GIGABYTES = 1

/** Looks at this machine and at the running local stack. Changes nothing. */
export async function examineLocalStack(): Promise<Checked[]> {
  const endpoints = await readEndpoints().catch(() => undefined)
  const checks: Check[] = [
    ['Node.js', checkNode],
    ['disk', checkDisk],
  ]
  if (endpoints) {
    checks.push(
      ['API', () => checkApi(endpoints)],
      ['S3 and SQS', checkStores],
      ['pages', () => checkPages(endpoints)],
    )
  } else {
    checks.push(['stack', async () => [problem('The local stack is not running.', 'Start it: pnpm dev')]])
  }
  return runChecks(checks)
}

async function checkNode(): Promise<Finding[]> {
  const { version } = process
  if (Number.parseInt(version.slice(1), 10) >= OLDEST_NODE) return [ok(version)]
  return [problem(`${version} is too old.`, `Install Node.js ${OLDEST_NODE} or newer.`)]
}

async function checkDisk(): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(localFolder()).catch(() => statfs('.'))
  const gigabytes = (bavail * bsize) / 1e9
  if (gigabytes >= FULL_DISK_GIGABYTES) return [ok(`${gigabytes.toFixed(0)} GB free for ${localFolder()}`)]
  return [
    warning(
      `${gigabytes.toFixed(1)} GB free for ${localFolder()}.`,
      'Delete what you do not need; stored images are there.',
    ),
  ]
}

async function checkApi({ uploadApi }: Endpoints): Promise<Finding[]> {
  const response = await fetch(`${uploadApi}/v1/ready`).catch(() => undefined)
  const body = (await response?.json().catch(() => ({}))) as { queue?: string } | undefined
  if (response?.ok && body?.queue === 'ok') return [ok(`${uploadApi} is ready`)]
  const says = response ? `${response.status} ${JSON.stringify(body)}` : 'no connection'
  return [problem(`${uploadApi}/v1/ready: ${says}`, 'Stop pnpm dev and start it again with --verbose.')]
}

async function checkStores(): Promise<Finding[]> {
  const { bucket, sqs, queueUrl, label, close } = await openStoreWithQueue({ local: true })
  try {
    await requireBucket(bucket)
    return [ok(label), ...(await checkQueues(sqs, async (name) => queueUrl.replace(/images$/, name)))]
  } finally {
    close()
  }
}

async function checkPages({ webApp1, webApp2, dashboard }: Endpoints): Promise<Finding[]> {
  const addresses = [webApp1, webApp2, dashboard]
  return Promise.all(
    addresses.map(async (address) => {
      const response = await fetch(address).catch(() => undefined)
      if (response?.ok) return ok(address)
      return problem(`${address}: ${response?.status ?? 'no connection'}`, 'See the terminal of pnpm dev.')
    }),
  )
}
