import { styleText } from 'node:util'
import { darkroom } from './program.ts'

try {
  const args = process.argv.slice(2)
  await (await darkroom(args)).parseAsync(args, { from: 'user' })
} catch (error) {
  const { message, cause } = error as Error
  const reason = cause instanceof Error ? ` (${cause.message})` : ''
  console.error(`${styleText('red', 'darkroom:')} ${message}${reason}`)
  process.exitCode = 1
}
