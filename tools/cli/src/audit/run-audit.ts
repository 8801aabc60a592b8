import pMap from 'p-map'
import type { AuditContext, Unit } from './audit-context.ts'
import type { Breach } from './breaches.ts'
import { type AuditedCatalogue, checkCatalogue } from './check-catalogue.ts'
import { checkMessages } from './check-messages.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type AuditedQueues, countOnTheWay } from './queues.ts'
import { checkHead, type ReceiptHead } from './receipt-heads.ts'
import { SECTIONS, type Section } from './rules.ts'

/** Units between two checkpoints, and the number of them that are checked at the same time. */
const BATCH = 500
const CONCURRENCY = 24

export interface AuditOptions {
  context: AuditContext
  /** Without them, unfinished images count as stuck even if their messages still wait. */
  queues?: AuditedQueues | undefined
  /** Without it, rows are not compared with documents. */
  catalogue?: AuditedCatalogue | undefined
  from: Checkpoint
  /** By default all. */
  sections?: Section[] | undefined
  /** Links of the chain of receipts that must still be there. */
  heads?: ReceiptHead[]
  onBreach: (breach: Breach) => void
  /** Called after each batch. */
  onProgress: (checkpoint: Checkpoint) => Promise<void>
}

/** Looks at everything. @returns the totals, those of before the checkpoint included */
export async function runAudit(options: AuditOptions): Promise<Checkpoint> {
  const { context, queues, catalogue } = options
  const onTheWay = queues ? await countOnTheWay(queues) : 0
  const state = { ...options.from, breaches: { ...options.from.breaches } }
  const report = (breach: Breach) => {
    state.breaches[breach.class] = (state.breaches[breach.class] ?? 0) + 1
    options.onBreach(breach)
  }
  const waiting: Breach[] = []
  const take = (breach: Breach) => {
    if (breach.class !== 'unfinished' || onTheWay === 0) return report(breach)
    state.waiting += 1
    if (waiting.length < MAX_LISTED) waiting.push(breach)
  }
  const { sections = SECTIONS, heads = [] } = options
  for (const head of heads) for (const breach of await checkHead(context.bucket, head)) report(breach)
  const first = sections.findIndex(({ name }) => name === state.section)
  for (const { name, units } of sections.slice(Math.max(first, 0))) {
    if (name !== state.section) Object.assign(state, { section: name, after: undefined })
    for await (const batch of batches(units(context, state.after))) {
      const found = await pMap(batch, ({ check }) => check(), { concurrency: CONCURRENCY })
      for (const breach of found.flat()) take(breach)
      state.objects += batch.reduce((sum, { objects }) => sum + objects, 0)
      if (name === 'images')
        state.images += batch.filter(({ position, objects }) => position !== undefined && objects > 0).length
      await context.statuses?.remember(batch.flatMap(({ seen }) => seen?.() ?? []))
      state.statusBytes = context.statuses?.bytes()
      state.after = batch.findLast(({ position }) => position !== undefined)?.position ?? state.after
      await options.onProgress(state)
    }
  }
  if (queues) {
    if (state.waiting > Math.max(onTheWay, await countOnTheWay(queues)))
      for (const breach of waiting) report(breach)
    for (const breach of await checkMessages(context, queues)) report(breach)
  }
  if (catalogue) for (const breach of await checkCatalogue(context, catalogue)) report(breach)
  await context.statuses?.complete()
  return state
}

/** Of images that wait, if there are more of them than messages. */
const MAX_LISTED = 1_000

async function* batches(units: AsyncGenerator<Unit>): AsyncGenerator<Unit[]> {
  let batch: Unit[] = []
  for await (const unit of units) {
    batch.push(unit)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
