import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda'
import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { createClient } from '@darkroom/client'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { codeBlocks } from '../docs/code-blocks.ts'
import { withServiceLock } from '../package-service.ts'
import { PHOTOGRAPH } from '../photographs.ts'
import { addFiles, inAccount, REPOSITORY, serverless } from './deploy-service.ts'
import { type Emulator, startEmulator } from './start-emulator.ts'

/**
 * The commands of docs/deploy.md, in its order, in an account that is empty at first. A command that fails, or that is not known
 * here, fails a test.
 */
const PAGE = 'docs/deploy.md'

/** Commands that are not run, and why. */
const NOT_RUN: Record<string, string> = {
  'pnpm install': 'CI begins with it, and it would change what other tests use.',
  'gh api repos/': 'It asks GitHub.',
}

const SERVICES = ['image-processor', 'upload-api', 'analytics-catalog'] as const
const BUCKET = 'darkroom-prod-000000000000-us-east-1'

let emulator: Emulator
let folder: string
let cloudFormation: CloudFormationClient
let lambda: LambdaClient
let s3: S3Client
/** The API key that the page makes. */
let key: string
/** The blocks that have not been run. */
let blocks: string[]
/** What the page has where the commands here have something else. */
const replaced: [documented: string, here: string][] = [
  ['--minutes 5', '--minutes 0'],
  // The emulator cannot create GitHub's provider: the template does not, if it is told of one.
  [
    'Stage=prod',
    'Stage=prod ProviderArn=arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com',
  ],
]

beforeAll(async () => {
  emulator = await startEmulator()
  folder = await mkdtemp(join(tmpdir(), 'darkroom-page-'))
  await writeFile(join(folder, 'photo.jpg'), PHOTOGRAPH)
  await writeFile(join(folder, 'state'), '')
  cloudFormation = new CloudFormationClient(emulator.clientConfig)
  lambda = new LambdaClient(emulator.clientConfig)
  s3 = new S3Client({ ...emulator.clientConfig, forcePathStyle: true })
  blocks = await codeBlocks(PAGE, 'sh')
  replaced.push(
    ['photo.jpg', join(folder, 'photo.jpg')],
    ['--folder packaged', `--folder ${join(folder, 'packaged')}`],
  )
})
afterAll(async () => {
  await emulator?.stop()
  if (folder) await rm(folder, { recursive: true })
  const notRun = Object.entries(NOT_RUN).map(([command, why]) => `not run: ${command}. ${why}`)
  console.log([`The commands of ${PAGE} were run in its order.`, ...notRun].join('\n'))
})

interface Result {
  code: number
  output: string
}

/** Runs the page's next block, which contains this command, as a reader does: in one shell with the blocks before it. */
async function run(command: string): Promise<Result> {
  const block = blocks.shift() ?? ''
  expect(block).toContain(command)
  const lines = block
    .split('\n')
    .filter((line) => !Object.keys(NOT_RUN).some((start) => line.startsWith(start)))
  const script = replaced.reduce(
    (all, [documented, here]) => all.replaceAll(documented, here),
    lines.join('\n'),
  )
  const deploys = /serverless|oslsc|deliver/.test(script)
  return deploys ? withServices(() => bash(script)) : bash(script)
}

/** A block that is run must end well. */
async function ran(command: string): Promise<string> {
  const { code, output } = await run(command)
  expect([code, output]).toEqual([0, expect.anything()])
  return output
}

/** The framework uses a folder in each service's folder. */
function withServices<Result>(
  action: () => Promise<Result>,
  services: readonly string[] = SERVICES,
): Promise<Result> {
  const [service, ...others] = services
  return service ? withServiceLock(service, () => withServices(action, others)) : action()
}

/** What a block sets is kept in a file for the next ones. */
async function bash(script: string): Promise<Result> {
  const state = join(folder, 'state')
  const all = [
    'exec 2>&1',
    `PATH=${join(REPOSITORY, '.cache/ministack/bin')}:$PATH`,
    `source ${state}`,
    'command -v pnpm >/dev/null || pnpm() { npx -y pnpm@12 "$@"; }',
    'set -aeuo pipefail',
    script,
    `{ export -p; declare -p PWD; echo 'cd "$PWD"'; } >${state}`,
  ]
  const options = { cwd: REPOSITORY, env: inAccount(emulator.environment) }
  const shell = spawn('bash', ['-c', all.join('\n')], options)
  const [output, code] = await Promise.all([
    text(shell.stdout),
    new Promise<number>((resolve) => shell.once('exit', (status) => resolve(status ?? 1))),
  ])
  return { code, output }
}

test('the services are deployed to an empty account', async () => {
  await ran('export AWS_REGION')
  await ran('oslsc deploy --stage prod')
  for (const service of SERVICES) expect(Object.keys(await codeHashes(service))).not.toEqual([])
})

test('deploying them again, one by one, changes nothing', async () => {
  const before = await Promise.all(SERVICES.map(codeHashes))
  await ran('(cd services/image-processor && pnpm exec serverless deploy')
  expect(await Promise.all(SERVICES.map(codeHashes))).toEqual(before)
})

test('an app gets an API key, and a new one while the old one still works', async () => {
  key = keyIn(await ran('keys create --app web-app-1'))
  expect(await ran('keys list')).toContain(key.split('_')[2])
  const other = keyIn(await ran('keys rotate'))
  for (const credential of [key, other])
    expect(await createClient({ url: await apiUrl(), credential }).listImages()).toMatchObject({ items: [] })
})

test('the stage works', async () => {
  // The emulator keeps no lifecycle rules.
  const doctor = await run('darkroom doctor')
  expect(doctor).toMatchObject({ code: 1, output: expect.stringContaining('has no lifecycle rule') })
  expect(await ran('darkroom smoke')).toContain('erased')
  const answers = await ran('curl -i')
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 202'])
})

test('GitHub gets a role, and the steps of a delivery work by hand', async () => {
  await ran('aws cloudformation deploy')
  expect(await stackOf('darkroom-deployer-production')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' })
  await ran('gh api')
  const output = await ran('pnpm deliver package')
  for (const line of [
    'upload-api is deployed to staging.',
    'No alarm of staging went off within 0 minutes.',
    'upload-api stays: this was its first deployment to staging.',
    'upload-api: as deployed.',
  ])
    expect(output).toContain(line)
})

test('one changed function changes the code of that function, and a rollback restores it', async () => {
  const before = await codeHashes('upload-api')
  const changed = join(folder, 'packaged/prod/upload-api')
  await addFiles(join(changed, 'health.zip'), { 'CHANGED.md': Buffer.from('Changed.') })
  await serverless('upload-api', ['deploy', '--stage', 'prod', '--package', changed], emulator.environment)
  const after = await codeHashes('upload-api')
  const differ = Object.keys(after).filter((name) => after[name] !== before[name])
  expect(differ).toEqual(['darkroom-upload-api-prod-health'])
  const [first = ''] = (await ran('serverless deploy list')).match(/\b\d{13}\b/) ?? []
  replaced.push(['1764345600000', first])
  await ran('serverless rollback')
  expect(await codeHashes('upload-api')).toEqual(before)
})

test('a removal keeps the images, and the stage is deployed again with them', async () => {
  const images = await keysOfBucket()
  expect(images.length).toBeGreaterThan(0)
  await ran('oslsc remove')
  expect(await Promise.all(SERVICES.map(codeHashes))).toEqual([{}, {}, {}])
  expect(await keysOfBucket()).toEqual(images)
  await ran('deliver adopt')
  expect(await keysOfBucket()).toEqual(expect.arrayContaining(images))
  const client = createClient({ url: await apiUrl(), credential: key })
  const [image] = (await client.listImages()).items
  const { id } = await client.upload(PHOTOGRAPH)
  for (const wanted of [String(image?.id), id])
    expect(await client.waitUntilFinal(wanted, { timeout: 120_000 })).toMatchObject({ status: 'processed' })
})

test('no other command is on the page', () => {
  expect(blocks).toEqual([])
})

const keyIn = (output: string) => /dk_live_\w+/.exec(output)?.[0] ?? ''

async function stackOf(StackName: string) {
  return (await cloudFormation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0]
}

async function apiUrl(): Promise<string> {
  const { Outputs = [] } = (await stackOf('darkroom-upload-api-prod')) ?? {}
  return String(Outputs.find(({ OutputKey }) => OutputKey === 'HttpApiUrl')?.OutputValue)
}

/** The SHA-256 of each function's code. */
async function codeHashes(service: string): Promise<Record<string, string | undefined>> {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({ MaxItems: 50 }))
  const own = Functions.filter(({ FunctionName }) => FunctionName?.startsWith(`darkroom-${service}-prod-`))
  return Object.fromEntries(own.map(({ FunctionName, CodeSha256 }) => [FunctionName, CodeSha256]))
}

async function keysOfBucket(): Promise<string[]> {
  const keys: string[] = []
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: BUCKET }))
    keys.push(...Contents.map(({ Key }) => String(Key)))
  return keys
}
