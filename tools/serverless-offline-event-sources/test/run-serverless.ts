import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { awsEnvironment } from '@darkroom/local-aws'

const services = import.meta.dirname
const serverless = createRequire(import.meta.url).resolve('serverless/bin/serverless.js')

/** Environment for a service in this folder with local AWS servers. */
export async function serviceEnvironment(awsEndpoint: string): Promise<NodeJS.ProcessEnv> {
  return {
    ...process.env,
    ...awsEnvironment(awsEndpoint),
    AWS_REGION: 'eu-west-1',
    FIXTURE_LAMBDA_PORT: String(await freePort()),
    NODE_OPTIONS: '',
  }
}

/** Runs the real command with the real framework and plugins in its own process. */
export function runServerless(environment: NodeJS.ProcessEnv, service: string, ...command: string[]) {
  const child = fork(serverless, command, { cwd: join(services, service), env: environment, silent: true })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
    })
  }
  const exited = once(child, 'close').then(([code]) => ({ code, output }))
  const ready = Promise.race([
    once(child, 'message').then(([message]) => message),
    exited.then(({ output }) => Promise.reject(new Error(`exited before it was ready:\n${output}`))),
  ])
  ready.catch(() => {})
  return { child, ready, exited, interrupt: () => child.kill('SIGINT') }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}
