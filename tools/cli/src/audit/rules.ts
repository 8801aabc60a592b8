import type { StoredObject } from '@darkroom/bucket'
import type { Place } from '@darkroom/core'
import type { AuditContext, Unit } from './audit-context.ts'
import type { Breach } from './breaches.ts'
import { checkImage } from './check-image.ts'
import {
  checkCredential,
  checkEvent,
  checkHash,
  checkLoose,
  checkRejected,
  strangers,
  unitsOf,
} from './check-others.ts'
import { checkLink } from './check-receipts.ts'
import { gatherImages, pathOf } from './join-images.ts'

/** How the objects of a place are checked. */
type Rule = 'with its image' | ((context: AuditContext, object: StoredObject) => Promise<Breach[]>)

/** Every place of keys.ts has a rule. Without one, this does not compile. */
export const RULES: Record<Place, Rule> = {
  input: 'with its image',
  processed: 'with its image',
  metadata: 'with its image',
  claims: 'with its image',
  uploads: 'with its image',
  held: 'with its image',
  erasing: 'with its image',
  linked: 'with its image',
  hashes: checkHash,
  events: checkEvent,
  rejected: checkRejected,
  receipts: checkLink,
  credentials: checkCredential,
}

/** A part of the audit that can be continued where it stopped. */
export interface Section {
  name: string
  units(context: AuditContext, after: string | undefined): AsyncGenerator<Unit>
}

/** In the order in which they run. */
export const SECTIONS: Section[] = [
  { name: 'images', units: imageUnits },
  ...(Object.entries(RULES) as [Place, Rule][]).flatMap(([place, rule]): Section[] =>
    rule === 'with its image'
      ? []
      : [
          {
            name: place,
            units: (context, after) => unitsOf(context, place, after, (object) => rule(context, object)),
          },
        ],
  ),
  { name: 'other keys', units: strangers },
]

async function* imageUnits(context: AuditContext, after: string | undefined): AsyncGenerator<Unit> {
  for await (const found of gatherImages(context.bucket, after)) {
    if ('loose' in found) {
      yield { objects: 1, check: () => checkLoose(context, found.loose) }
    } else {
      const objects = Object.values(found.objects).flat().length + found.parts.length
      yield { position: pathOf(found.image), objects, check: () => checkImage(context, found) }
    }
  }
}
