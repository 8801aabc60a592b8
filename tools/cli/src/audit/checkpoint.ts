import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as z from 'zod'

/** How far an audit has come. What was found until then is already printed. */
const Checkpoint = z.object({
  store: z.string(),
  /** Unix milliseconds. */
  started: z.number(),
  section: z.string(),
  /** The last position of the section that is done. */
  after: z.string().optional(),
  /** Of the file of statuses. */
  statusBytes: z.number().optional(),
  objects: z.number(),
  images: z.number(),
  waiting: z.number(),
  breaches: z.record(z.string(), z.number()),
})
export type Checkpoint = z.infer<typeof Checkpoint>

/** @throws Error if there is none, or it is of another store */
export async function readCheckpoint(file: string, store: string): Promise<Checkpoint> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new Error(`There is no audit to continue: ${file} does not exist. Start one without --continue.`, {
      cause,
    })
  })
  const checkpoint = Checkpoint.parse(JSON.parse(text))
  if (checkpoint.store === store) return checkpoint
  throw new Error(`${file} is of another store, ${checkpoint.store}. Start a new audit without --continue.`)
}

export async function writeCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, JSON.stringify(checkpoint))
}

export function removeCheckpoint(file: string): Promise<void> {
  return rm(file, { force: true })
}
