import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { newImageId } from '@darkroom/core'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Command } from 'commander'
import { openStore, openStoreWithQueue, type StoreOptions } from './open-store.ts'
import { darkroom } from './program.ts'

const environment = { ...process.env }
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-store-'))
  for (const name of Object.keys(process.env).filter((each) => /^(AWS_|BUCKET$|QUEUE_URL$)/.test(each))) {
    delete process.env[name]
  }
  Object.assign(process.env, { LOCAL_DIR: folder, AWS_REGION: 'eu-central-1' })
})
afterEach(async () => {
  process.env = { ...environment }
  await rm(folder, { recursive: true })
})

const QUEUE_URL = 'https://sqs.eu-central-1.amazonaws.com/1/images'
const DEPLOYMENT = { bucket: 'prod', queueUrl: QUEUE_URL }

/** Writes the file that a running `pnpm dev` writes. Nothing listens at these addresses. */
async function startLocalStack(): Promise<void> {
  const endpoints = { aws: 'http://127.0.0.1:1', bucket: 'local', queueUrl: 'http://127.0.0.1:1/images' }
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify(endpoints))
}

async function run(args: string[]): Promise<void> {
  await (await darkroom(args)).parseAsync(args, { from: 'user' })
}

describe('a store that is named', () => {
  const AWS = {
    label: 's3://prod (AWS, eu-central-1)',
    bucket: { name: 'prod' },
    queueUrl: QUEUE_URL,
    waitSeconds: 1,
  }
  const LOCAL = {
    label: 'local stack at http://127.0.0.1:1',
    bucket: { name: 'local' },
    queueUrl: 'http://127.0.0.1:1/images',
    waitSeconds: 0,
  }

  test.each<[string, StoreOptions, NodeJS.ProcessEnv, boolean, object]>([
    ['by options', DEPLOYMENT, {}, false, AWS],
    ['by options while a local stack runs', DEPLOYMENT, {}, true, AWS],
    ['by options that differ from the environment', DEPLOYMENT, { BUCKET: 'other' }, true, AWS],
    ['by the environment', {}, { BUCKET: 'prod', QUEUE_URL }, false, AWS],
    ['by nothing while a local stack runs', {}, {}, true, LOCAL],
    ['by nothing but empty variables', {}, { BUCKET: '', QUEUE_URL: '' }, true, LOCAL],
    ['by --local', { local: true }, {}, true, LOCAL],
    ['by --local in spite of the environment', { local: true }, { BUCKET: 'prod' }, true, LOCAL],
  ])('%s is opened', async (_, options, variables, isRunning, expected) => {
    Object.assign(process.env, variables)
    if (isRunning) await startLocalStack()
    const store = await openStoreWithQueue(options)
    expect(store).toMatchObject(expected)
    store.close()
  })

  test('by a stage is opened with the queue that its stack names', async () => {
    const stack = { Bucket: 'darkroom-prod-1-eu-central-1', ImageQueue: QUEUE_URL }
    const members = Object.entries(stack).map(
      ([id, name]) =>
        `<member><LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${name}</PhysicalResourceId></member>`,
    )
    const asked: string[] = []
    const server = createServer(async (request, response) => {
      asked.push(await text(request))
      response.end(
        `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>${members.join('')}</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`,
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      BUCKET: 'other',
    })
    const store = await openStoreWithQueue({ stage: 'prod' })
    expect(store).toMatchObject({ bucket: { name: stack.Bucket }, queueUrl: QUEUE_URL })
    expect(asked).toEqual([expect.stringContaining('StackName=darkroom-image-processor-prod')])
    store.close()
    server.closeAllConnections()
    server.close()
  })

  test('needs no queue if no message is sent', async () => {
    process.env.BUCKET = 'prod'
    const store = await openStore({})
    expect(store.label).toBe(AWS.label)
    store.close()
  })

  test('on another server has its address in the label', async () => {
    process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:9000'
    const store = await openStore({ bucket: 'prod' })
    expect(store.label).toBe('s3://prod (http://127.0.0.1:9000, eu-central-1)')
    store.close()
  })
})

/** Every command that reads a store. */
const COMMANDS: Record<string, string[]> = {
  analytics: ['analytics', 'volume'],
  'analytics --export': ['analytics', '--export', 'never-written'],
  'analytics --dashboard': ['analytics', '--dashboard', 'never-written'],
  audit: ['audit'],
  backfill: ['backfill', '--app', 'web-app-1', '--preset', 'default'],
  hold: ['hold', newImageId(), '--app', 'web-app-1', '--reason', 'case 7'],
  'hold --release': ['hold', newImageId(), '--app', 'web-app-1', '--release'],
  'retention --date': ['retention', '--date', '2030-01-01'],
}

describe.each(Object.entries(COMMANDS))('%s', (_, command) => {
  test.each<[string, string[], NodeJS.ProcessEnv, boolean, RegExp]>([
    ['no store at all', [], {}, false, /No store is named.*pnpm dev.*--stage STAGE/],
    [
      'BUCKET beside a local stack',
      [],
      { BUCKET: 'prod' },
      true,
      /BUCKET names prod, and a local stack is running/,
    ],
    [
      'BUCKET and QUEUE_URL beside a local stack',
      [],
      { BUCKET: 'prod', QUEUE_URL },
      true,
      /BUCKET names prod, and/,
    ],
    [
      'QUEUE_URL beside a local stack',
      [],
      { QUEUE_URL },
      true,
      /QUEUE_URL names https.*a local stack is running/,
    ],
    ['QUEUE_URL alone', [], { QUEUE_URL }, false, /QUEUE_URL is set but BUCKET is not/],
    ['--queue-url alone', ['--queue-url', QUEUE_URL], { BUCKET: 'prod' }, true, /--queue-url needs --bucket/],
    ['--local and --bucket', ['--local', '--bucket', 'prod'], {}, true, /either --local or --bucket/],
    [
      '--local where none runs',
      ['--local'],
      { BUCKET: 'prod' },
      false,
      /local stack is not running.*pnpm dev/,
    ],
    ['an empty --bucket', ['--bucket', ''], {}, true, /need a value/],
  ])('refuses %s', async (_case, options, variables, isRunning, refusal) => {
    Object.assign(process.env, variables)
    if (isRunning) await startLocalStack()
    await expect(run([...command, ...options])).rejects.toThrow(refusal)
  })
})

test.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
  ['BUCKET without QUEUE_URL', [], { BUCKET: 'prod' }, /set QUEUE_URL as well as BUCKET/],
  [
    '--bucket without --queue-url',
    ['--bucket', 'prod'],
    { QUEUE_URL },
    /set --queue-url as well as --bucket/,
  ],
])('backfill, which sends messages, refuses %s', async (_, options, variables, refusal) => {
  Object.assign(process.env, variables)
  const backfill = ['backfill', '--app', 'web-app-1', '--preset', 'default', ...options]
  await expect(run(backfill)).rejects.toThrow(refusal)
})

test('a stage without a region is refused with the cause once', async () => {
  delete process.env.AWS_REGION
  process.env.AWS_CONFIG_FILE = join(folder, 'none')
  await expect(openStore({ stage: 'prod' })).rejects.toMatchObject({
    message: 'The stage prod cannot be read.',
    cause: expect.objectContaining({ message: 'Region is missing' }),
  })
})

test('a stage beside a bucket is refused', async () => {
  const trace = ['trace', newImageId(), '--stage', 'prod', '--bucket', 'prod']
  await expect(run(trace)).rejects.toThrow(/Use --stage alone/)
})

test('retention without --date refuses store options', async () => {
  await expect(run(['retention', '--bucket', 'prod'])).rejects.toThrow(/reads no store: add --date/)
})

test('every command that reads a store explains the choice in the same words', async () => {
  const helpOf = (command: Command) => {
    let help = ''
    command
      .configureOutput({
        writeOut: (text) => {
          help += text
        },
      })
      .outputHelp()
    return help
  }
  const all = (await darkroom()).commands.flatMap((command) => [command, ...command.commands])
  const commands = all.filter(({ options }) => options.some(({ long }) => long === '--bucket'))
  expect(commands.map((command) => command.name())).toEqual([
    'analytics',
    'audit',
    'audit-log',
    'backfill',
    'list',
    'show',
    'redrive',
    'redrive-failed',
    'tail',
    'replay',
    'hold',
    'create',
    'list',
    'rotate',
    'revoke',
    'retention',
    'trace',
  ])
  for (const command of commands) {
    expect(helpOf(command)).toMatch(
      /--stage <\w+> .*--bucket <name> .*--queue-url <url> .*--local .*\nStore: --stage, --bucket/s,
    )
  }
})
