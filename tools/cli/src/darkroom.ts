import { runDarkroom } from './run-darkroom.ts'

await runDarkroom(process.argv.slice(2))
