/**
 * Runs the Serverless Framework as often as its parent asks, in one process: loading the framework and its plugins takes four
 * times as long as packaging a small service. The framework is made to run once in a process, so its script is loaded again for each run.
 */
import { createRequire } from 'node:module'
import type { Answer, Request } from './run-serverless.ts'

const require = createRequire(import.meta.url)
const script = require.resolve('serverless/scripts/serverless.js')

let output = ''
for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk: string | Uint8Array) => {
    output += chunk
    return true
  }
}

process.on('message', ({ folder, args, environment }: Request) => {
  process.chdir(folder)
  process.argv = [process.execPath, require.resolve('serverless/bin/serverless.js'), ...args]
  process.env = environment
  process.exitCode = 0
  output = ''
  delete require.cache[script]
  require(script)
  // Without the channel, the process has nothing to do when the run has ended.
  process.channel?.unref()
})

process.on('beforeExit', (code) => {
  if (!process.connected) return
  process.channel?.ref()
  const answer: Answer = { code, output }
  process.send?.(answer)
})
