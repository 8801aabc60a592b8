import { styleText } from 'node:util'
import { darkroom } from './program.ts'

try {
  await darkroom().parseAsync()
} catch (error) {
  const { message, cause } = error as Error
  const reason = cause instanceof Error ? ` (${cause.message})` : ''
  console.error(`${styleText('red', 'darkroom:')} ${message}${reason}`)
  process.exitCode = 1
}
