import { runDarkroom } from './run-darkroom.ts'

// Whatever reads the output, such as `head`, has enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

await runDarkroom(process.argv.slice(2))
