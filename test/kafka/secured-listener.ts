import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JavaRuntime } from './java-runtime.ts'

/** A listener with TLS and client authentication (SCRAM-SHA-512). */
export interface SecuredListener {
  port: number
  /** The broker's key, PKCS #12. */
  keystore: string
  /** The broker's self-signed certificate in PEM. */
  certificate: string
}

export const PASSWORDS = { darkroom: 'darkroom-secret', visitor: 'visitor-secret' }
const KEYSTORE_PASSWORD = 'test-password'

/** The format of `kafka-storage.sh format --add-scram`. */
export const SCRAM_USERS = Object.entries(PASSWORDS).map(
  ([name, password]) => `SCRAM-SHA-512=[name=${name},password=${password}]`,
)

/** Creates a key and certificate for `localhost` with Java's keytool, which the broker's runtime has. */
export async function makeSecuredListener(
  runtime: JavaRuntime,
  { dataDir, port }: { dataDir: string; port: number },
): Promise<SecuredListener> {
  const keystore = join(dataDir, 'keystore.p12')
  const pem = join(dataDir, 'certificate.pem')
  const store = ['-alias', 'broker', '-keystore', keystore, '-storepass', KEYSTORE_PASSWORD]
  const key = ['-keyalg', 'EC', '-storetype', 'PKCS12', '-validity', '2', '-dname', 'CN=localhost']
  const extensions = ['-ext', 'san=dns:localhost', '-ext', 'bc=ca:true']
  await keytool(runtime, dataDir, ['-genkeypair', ...store, ...key, ...extensions])
  await keytool(runtime, dataDir, ['-exportcert', '-rfc', '-file', pem, ...store])
  return { port, keystore, certificate: await readFile(pem, 'utf8') }
}

async function keytool(runtime: JavaRuntime, dataDir: string, args: string[]): Promise<void> {
  const tool = runtime.run({ main: 'sun.security.tools.keytool.Main', args, dataDir })
  if ((await tool.exited) !== 0) throw new Error(`keytool ${args[0]} failed:\n${tool.output()}`)
}

/** Additions to server.properties. Anonymous clients and the user darkroom are superusers. */
export function securedProperties({ keystore }: SecuredListener): Record<string, string> {
  return {
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.secured.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keystore,
    'ssl.keystore.password': KEYSTORE_PASSWORD,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS;User:darkroom',
  }
}
