import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCatalogue } from '@darkroom/catalogue'
import { type ImageRef, inputKey, metadataKey } from '@darkroom/core'
import { collectStored } from '../../../../catalogue/src/testing/collect-documents.ts'
import type { Breach, BreachClass } from '../breaches.ts'
import { decodeShare } from '../decode.ts'
import {
  type AuditedStore,
  acceptAndProcess,
  failedDocument,
  openAuditedStore,
  PICTURE,
} from './audited-store.ts'
import { DAMAGES, undeliveredBatch } from './damages.ts'

/** A class of breach, what was broken on purpose, and how much of it the audit found. */
export interface ShownBreach {
  class: BreachClass
  damages: string[]
  expected: number
  found: number
}

interface Damaged {
  title: string
  expected: [BreachClass, string][]
}

/** Damages stores on a local server in every way, and audits them. */
export async function showBreaches(endpoint: string): Promise<ShownBreach[]> {
  const damaged: Damaged[] = []
  const breaches: Breach[] = []
  const tries = [
    ...[damageAnything, damageBytes, outstayRetention, forgetRecords],
    ...[changeCatalogue, revertRow, revertStatuses],
  ]
  for (const [n, damage] of tries.entries()) {
    const store = await openAuditedStore(endpoint, `shown-${n}`)
    const result = await damage(store)
    damaged.push(...result.damaged)
    breaches.push(...result.breaches)
    store.close()
  }
  const classes = [...new Set(damaged.flatMap(({ expected }) => expected.map(([kind]) => kind)))]
  return classes.map((kind) => {
    const keys = damaged.flatMap(({ expected }) =>
      expected.flatMap(([each, key]) => (each === kind ? key : [])),
    )
    return {
      class: kind,
      damages: damaged.flatMap(({ title, expected }) =>
        expected.some(([each]) => each === kind) ? title : [],
      ),
      expected: keys.length,
      found: breaches.filter((breach) => breach.class === kind && keys.includes(breach.key)).length,
    }
  })
}

interface Tried {
  damaged: Damaged[]
  breaches: Breach[]
}

async function damageAnything(store: AuditedStore): Promise<Tried> {
  const damaged: Damaged[] = []
  for (const [title, damage] of Object.entries(DAMAGES))
    damaged.push({ title, expected: await damage(store) })
  return { damaged, breaches: (await store.audit()).breaches }
}

async function damageBytes(store: AuditedStore): Promise<Tried> {
  const { thumb } = await acceptAndProcess(store)
  await store.put(thumb, Buffer.alloc(PICTURE.length))
  const { breaches } = await store.audit({ decode: decodeShare(store.bucket, 1) })
  return {
    damaged: [{ title: 'a variant that does not decode', expected: [['damaged-variant', thumb]] }],
    breaches,
  }
}

const YEAR_MS = 365 * 86_400_000

async function outstayRetention(store: AuditedStore): Promise<Tried> {
  const image = await acceptAndProcess(store)
  await store.putUndelivered(BATCH, undeliveredBatch('late'))
  const { breaches } = await store.audit({ now: Date.now() + YEAR_MS })
  const damaged: Damaged[] = [
    {
      title: 'a document a year after its acceptance',
      expected: [['past-retention', metadataKey(image)]],
    },
    {
      title: 'undelivered records of last year',
      expected: [['past-retention', `${store.undelivered.name}/${BATCH}`]],
    },
  ]
  return { damaged, breaches }
}

const BATCH = 'aws/lambda/late'

async function forgetRecords(store: AuditedStore): Promise<Tried> {
  await store.putUndelivered(BATCH, undeliveredBatch('late'))
  const { breaches } = await store.audit({ now: Date.now() + 15 * 86_400_000 })
  const expected: Damaged['expected'] = [['orphan', `${store.undelivered.name}/${BATCH}`]]
  return { damaged: [{ title: 'undelivered records that nothing tries again', expected }], breaches }
}

async function changeCatalogue(store: AuditedStore): Promise<Tried> {
  const image: ImageRef = await acceptAndProcess(store)
  await collectStored(store.bucket)
  const catalogue = await openCatalogue(store.bucket.s3, store.bucket.name)
  await catalogue.query('UPDATE images SET bytes = 1')
  const collected = new Date(Date.now() + 1_000)
  const { breaches } = await store.audit({}, { catalogue: { catalogue, collected } })
  catalogue.close()
  const expected: Damaged['expected'] = [['catalogue-difference', metadataKey(image)]]
  return { damaged: [{ title: 'a row with another value than its document', expected }], breaches }
}

async function revertRow(store: AuditedStore): Promise<Tried> {
  const image: ImageRef = await acceptAndProcess(store)
  await collectStored(store.bucket)
  const catalogue = await openCatalogue(store.bucket.s3, store.bucket.name)
  await catalogue.query('UPDATE images SET finished_at = finished_at + INTERVAL 1 DAY')
  const collected = new Date(Date.now() + 1_000)
  const { breaches } = await store.audit({}, { catalogue: { catalogue, collected } })
  catalogue.close()
  const expected: Damaged['expected'] = [['status-regression', metadataKey(image)]]
  return { damaged: [{ title: 'a document that is older than its row', expected }], breaches }
}

async function revertStatuses(store: AuditedStore): Promise<Tried> {
  const [failed, queued, gone] = [
    await acceptAndProcess(store),
    await acceptAndProcess(store),
    await acceptAndProcess(store),
  ]
  const folder = await mkdtemp(join(tmpdir(), 'statuses-'))
  const file = join(folder, 'statuses.txt')
  await store.auditStatuses(file)
  await store.put(metadataKey(failed), JSON.stringify(failedDocument(failed)))
  for (const key of [metadataKey(queued), metadataKey(gone), inputKey(gone), gone.thumb])
    await store.remove(key)
  const breaches = await store.auditStatuses(file)
  await rm(folder, { recursive: true })
  const titled = {
    'processed, then failed': failed,
    'processed, then queued': queued,
    'processed, then gone': gone,
  }
  const damaged = Object.entries(titled).map(([title, image]): Damaged => {
    return { title, expected: [['status-regression', metadataKey(image)]] }
  })
  return { damaged, breaches }
}
