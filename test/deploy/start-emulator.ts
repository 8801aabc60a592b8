import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@darkroom/local-stack'

const MINISTACK = fileURLToPath(new URL('../../.cache/ministack/bin/ministack', import.meta.url))
const START_TIMEOUT_MS = 120_000

export interface Emulator {
  endpoint: string
  /** For the Serverless Framework and the AWS SDK: the endpoint, and credentials of the account's root user. */
  environment: Record<string, string>
  /** The same, for a client of the AWS SDK in this process. */
  clientConfig: {
    endpoint: string
    region: string
    credentials: { accessKeyId: string; secretAccessKey: string }
  }
  stop(): Promise<void>
}

/** Runs a program until it ends, or until this process does, however that happens: then the pipe to its stdin is closed. */
const UNTIL_STDIN_ENDS = 'exec 3<&0; "$0" & pid=$!; { cat <&3; kill $pid; } >/dev/null 2>&1 & wait $pid'

/**
 * An AWS account on this machine: https://pypi.org/project/ministack. It creates stacks from templates, evaluates IAM and
 * resource policies (`AUTH`), and runs the functions in the Node of this process.
 */
export async function startEmulator(): Promise<Emulator> {
  if (!existsSync(MINISTACK))
    throw new Error(
      'ministack is not installed. Run: python3 -m venv .cache/ministack && .cache/ministack/bin/pip install -r test/deploy/requirements.txt',
    )
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-deploy-'))
  const port = String(await freePort())
  const log: string[] = []
  const emulator = spawn('sh', ['-c', UNTIL_STDIN_ENDS, MINISTACK], {
    env: {
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      AUTH: 'true',
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: port,
      S3_DATA_DIR: folder,
      TMPDIR: folder,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  for (const output of [emulator.stdout, emulator.stderr]) output.on('data', (text) => log.push(String(text)))
  const stop = async () => {
    await end(emulator)
    await rm(folder, { recursive: true, force: true })
  }
  const endpoint = `http://127.0.0.1:${port}`
  try {
    await waitUntilReady(`${endpoint}/_ministack/health`, emulator)
  } catch (error) {
    await stop()
    throw new Error(`ministack did not start:\n${log.join('')}`, { cause: error })
  }
  return {
    endpoint,
    clientConfig: {
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      // The framework asks every five seconds how far a stack is; the emulator is done at once.
      SLS_AWS_MONITORING_FREQUENCY: '500',
    },
    stop,
  }
}

async function waitUntilReady(url: string, emulator: ChildProcess): Promise<void> {
  for (const began = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    if (emulator.exitCode !== null) throw new Error(`It exited with ${emulator.exitCode}.`)
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    if (Date.now() - began > START_TIMEOUT_MS) throw new Error('It does not answer.')
  }
}

/** Functions that still run are its children, and end with it. */
async function end(emulator: ChildProcess): Promise<void> {
  if (emulator.exitCode !== null) return
  const exited = new Promise((resolve) => emulator.once('exit', resolve))
  emulator.stdin?.end()
  await exited
}
