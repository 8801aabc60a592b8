import { styleText } from 'node:util'
import { darkroom } from './program.ts'

try {
  await darkroom().parseAsync()
} catch (error) {
  console.error(`${styleText('red', 'darkroom:')} ${(error as Error).message}`)
  process.exitCode = 1
}
