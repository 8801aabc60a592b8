import { stdout } from 'node:process'
import { readEnvironment } from './environment.ts'
import { startWebApp2 } from './start-web-app-2.ts'

try {
  const app = await startWebApp2({
    ...readEnvironment(process.env),
    onLine: (line) => stdout.write(`${line}\n`),
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.stop())
} catch (error) {
  console.error(`Web App #2 did not start. ${(error as Error).message}`)
  process.exitCode = 1
}
