import { openCatalogue } from '@darkroom/catalogue'
import { type ImageRef, metadataKey } from '@darkroom/core'
import type { Breach, BreachClass } from '../breaches.ts'
import { mergedNow } from '../check-catalogue.ts'
import { decodeShare } from '../decode.ts'
import { type AuditedStore, acceptAndProcess, openAuditedStore, PICTURE } from './audited-store.ts'
import { DAMAGES } from './damages.ts'

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
  const tries = [damageAnything, damageBytes, outstayRetention, changeCatalogue]
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
  const { breaches } = await store.audit({ now: Date.now() + YEAR_MS })
  const expected: Damaged['expected'] = [['past-retention', metadataKey(image)]]
  return { damaged: [{ title: 'a document a year after its acceptance', expected }], breaches }
}

async function changeCatalogue(store: AuditedStore): Promise<Tried> {
  const image: ImageRef = await acceptAndProcess(store)
  const catalogue = await openCatalogue(store.bucket.s3, store.bucket.name)
  await catalogue.query('UPDATE images SET bytes = 1')
  const merged = mergedNow(Date.now() + 1_000)
  const { breaches } = await store.audit({}, { catalogue: { catalogue, merged } })
  catalogue.close()
  const expected: Damaged['expected'] = [['catalogue-difference', metadataKey(image)]]
  return { damaged: [{ title: 'a row with another value than its document', expected }], breaches }
}
