import { readFileSync } from 'node:fs'

/** Maven's file. It also defines the tag of the Docker image and the name of the cache. */
export const POM = new URL('pom.xml', import.meta.url)

export const KAFKA_VERSION = readVersion(readFileSync(POM, 'utf8'))

function readVersion(pom: string): string {
  const version = /<kafka\.version>([^<]+)</.exec(pom)?.[1]
  if (version === undefined) throw new Error(`No <kafka.version> in ${POM}`)
  return version
}
