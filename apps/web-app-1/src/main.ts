import { readEnvironment } from './environment.ts'
import { startWebApp1 } from './start-web-app-1.ts'

try {
  const app = await startWebApp1(readEnvironment(process.env))
  console.log(`Web App #1: ${app.url}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.stop())
} catch (error) {
  console.error(`Web App #1 did not start. ${(error as Error).message}`)
  process.exitCode = 1
}
