import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '@darkroom/local-stack'
import { adaptTemplate } from './adapt-template.ts'
import { inAccount, REPOSITORY } from './deploy-service.ts'

const MINISTACK = fileURLToPath(new URL('../../.cache/ministack/bin/ministack', import.meta.url))
const START_TIMEOUT_MS = 120_000

export interface Emulator {
  /** It adapts the templates that are uploaded. */
  endpoint: string
  /** What was taken out of a service's template. */
  leftOut: ReadonlyMap<string, string[]>
  /** For the Serverless Framework and the AWS SDK: the endpoint, credentials of the account's root user, and the processor of functions. */
  environment: Record<string, string>
  /** For a client of the AWS SDK in this process, without what adapts templates. */
  clientConfig: {
    endpoint: string
    region: string
    credentials: { accessKeyId: string; secretAccessKey: string }
  }
  /** Runs a program of this repository, as `pnpm darkroom` and `pnpm deliver` do. */
  run(program: 'darkroom' | 'deliver', args: string[], environment?: Record<string, string>): Promise<Output>
  stop(): Promise<void>
}

interface Output {
  stdout: string
  stderr: string
}

const PROGRAMS = { darkroom: 'tools/cli/src/darkroom.ts', deliver: 'tools/deployment/src/deliver.ts' }

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
  const leftOut = new Map<string, string[]>()
  const front = adaptTemplates(Number(port), leftOut)
  const stop = async () => {
    front.closeAllConnections()
    front.close()
    await end(emulator)
    await rm(folder, { recursive: true, force: true })
  }
  const address = `http://127.0.0.1:${port}`
  try {
    await waitUntilReady(`${address}/_ministack/health`, emulator)
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  } catch (error) {
    await stop()
    throw new Error(`ministack did not start:\n${log.join('')}`, { cause: error })
  }
  const endpoint = addressOf(front)
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    // The emulator has created a stack at once; the framework asks every five seconds.
    SLS_AWS_MONITORING_FREQUENCY: '500',
    // Functions run on this machine.
    LAMBDA_ARCHITECTURE: process.arch === 'arm64' ? 'arm64' : 'x86_64',
  }
  return {
    endpoint,
    leftOut,
    clientConfig: {
      endpoint: address,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    environment,
    run: (program, args, more = {}) => {
      const env = inAccount({ ...environment, ...more })
      return promisify(execFile)(process.execPath, [join(REPOSITORY, PROGRAMS[program]), ...args], { env })
    },
    stop,
  }
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** The template that the framework uploads, with the service in its path. */
const TEMPLATE = /\/serverless\/darkroom-([a-z-]+)\/.*\/compiled-cloudformation-template\.json/

/** A server in front of the emulator, which changes templates on their way as `adaptTemplate` does. */
function adaptTemplates(port: number, leftOut: Map<string, string[]>): Server {
  const agent = new Agent({ keepAlive: true })
  const front = createServer(async (incoming, answer) => {
    const { method, url: path = '', headers } = incoming
    const [, service] = (method === 'PUT' && TEMPLATE.exec(path)) || []
    const body = service ? await adaptedTemplate(incoming, service) : undefined
    const forwarded = request({
      port,
      agent,
      method,
      path,
      headers: body ? withBody(headers, body) : headers,
    })
    forwarded.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    forwarded.on('error', (error) => answer.destroy(error))
    if (body) forwarded.end(body)
    else incoming.pipe(forwarded)
  })
  const adaptedTemplate = async (incoming: IncomingMessage, service: string) => {
    const template = JSON.parse((await buffer(incoming)).toString())
    leftOut.set(service, adaptTemplate(template, addressOf(front)))
    return Buffer.from(JSON.stringify(template))
  }
  return front
}

/** The headers for another body, without the checksums of the one that was sent. */
function withBody(headers: IncomingMessage['headers'], body: Buffer): IncomingMessage['headers'] {
  const kept = Object.entries(headers).filter(([name]) => !/^(x-amz-checksum-.*|content-md5)$/.test(name))
  return { ...Object.fromEntries(kept), 'content-length': String(body.length) }
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
