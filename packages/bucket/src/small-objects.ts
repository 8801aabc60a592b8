import { type AwsService, openService } from '@darkroom/signed-requests'

// Without the AWS SDK, which takes longer to load than all of the authorizer: see decisions/0048-keys-are-objects.md.

/** An answer takes milliseconds. */
const TIMEOUT_MS = 3_000

/** Reads and writes small objects of one bucket. Keys contain only characters that a URL has unchanged. */
export interface SmallObjects {
  /** Undefined if the object does not exist. @throws Error if S3 does not answer, or refuses */
  getText(key: string): Promise<string | undefined>
  /** Writes an empty object. @throws Error as above */
  touch(key: string): Promise<void>
}

/** @param environment see `openService` */
export function openSmallObjects(bucket: string, environment?: NodeJS.ProcessEnv): SmallObjects {
  const s3 = openService('s3', environment)
  const address = addressOf(bucket, s3)
  const send = async (method: 'GET' | 'PUT', key: string): Promise<string | undefined> => {
    const { status, text } = await s3.send(`${address}/${key}`, { method, timeoutMs: TIMEOUT_MS })
    if (status === 200) return text
    // A bucket that does not exist is 404 too.
    if (method === 'GET' && status === 404 && text.includes('NoSuchKey')) return undefined
    throw new Error(`S3 answered ${status} to ${method} ${key}`)
  }
  return {
    getText: (key) => send('GET', key),
    touch: async (key) => void (await send('PUT', key)),
  }
}

/** `https://{bucket}.s3.{region}.amazonaws.com`, or the bucket as a path of the server that the SDK's variables name. */
function addressOf(bucket: string, { server, host }: AwsService): string {
  return server ? `${server}/${bucket}` : `https://${bucket}.${host}`
}
