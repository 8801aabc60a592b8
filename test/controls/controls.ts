/** A check that keeps somebody out: the code that does it, and a test that attacks it. */
export interface Control {
  /** As in docs/security.md. */
  name: string
  file: string
  /** In the file exactly once. */
  code: string
  /** The same without the control. */
  without: string
  test: string
}

const AUTHORIZE = 'services/upload-api/src/routes/authorize.ts'
const CALLER = 'services/upload-api/src/http/caller.ts'
const ISOLATION = 'services/upload-api/src/routes/isolation.test.ts'
const JWT = 'services/upload-api/src/credentials/identify-jwt.ts'
const JWT_TEST = 'services/upload-api/src/credentials/identify-jwt.test.ts'
const EVENTS = 'packages/core/src/events.ts'
const QUEUE_TEST = 'services/image-processor/src/queue/process-images.test.ts'
const CLAIMS = 'services/kafka-bridge/src/claim-checks.ts'
const CLAIMS_TEST = 'services/kafka-bridge/src/claim-checks.test.ts'
const GUARDS = 'packages/page/src/guard-requests.ts'
const GUARDS_TEST = 'packages/page/src/guard-requests.test.ts'

export const CONTROLS: Control[] = [
  {
    name: 'an API key has the hash of its record',
    file: AUTHORIZE,
    code: "if (!timingSafeEqual(hash, Buffer.from(record.sha256, 'hex'))) return undefined",
    without: '',
    test: 'services/upload-api/src/routes/authorize.test.ts',
  },
  {
    name: 'a key that was revoked or has expired is refused',
    file: AUTHORIZE,
    code: 'if (refusal) return { refusal, credential: keyId }',
    without: '',
    test: ISOLATION,
  },
  {
    name: 'an upload token is signed with its key',
    file: 'packages/core/src/upload-token.ts',
    code: "if (!verify(null, Buffer.from(token.text), key, Buffer.from(token.signature, 'base64url'))) return undefined",
    without: '',
    test: ISOLATION,
  },
  {
    name: 'an upload token expires',
    file: AUTHORIZE,
    code: 'if (exp * 1000 <= Date.now())',
    without: 'if (false)',
    test: ISOLATION,
  },
  {
    name: "an upload token's size is a limit",
    file: CALLER,
    code: 'if (bytes <= maxBytes) return',
    without: 'return',
    test: ISOLATION,
  },
  {
    name: 'a credential has the scope of the operation',
    file: CALLER,
    code: 'if (scopes.includes(scope)) return',
    without: 'return',
    test: ISOLATION,
  },
  {
    name: 'an uploader sees own images only',
    file: CALLER,
    code: "return kind === 'key' || scopes.includes('read:all') ? { app } : { app, uploader }",
    without: 'return { app }',
    test: ISOLATION,
  },
  {
    name: 'a JWT is for the audience of the app',
    file: JWT,
    code: 'ofIssuer.filter(({ audience }) => [unverified.aud].flat().includes(audience))',
    without: 'ofIssuer',
    test: JWT_TEST,
  },
  {
    name: 'a JWT has an algorithm that the app allows',
    file: JWT,
    code: '      algorithms,\n',
    without: '',
    test: JWT_TEST,
  },
  {
    name: 'parts are signed for the own uploads',
    file: 'services/upload-api/src/routes/sign-upload.ts',
    code: 'if (upload && isOwn && ',
    without: 'if (upload && ',
    test: ISOLATION,
  },
  {
    name: 'a form upload has the size that was planned',
    file: 'packages/bucket/src/uploads.ts',
    code: "Conditions: [['content-length-range', upload.bytes, upload.bytes]],",
    without: "Conditions: [['content-length-range', 0, 52428800]],",
    test: 'services/upload-api/src/uploads/direct-uploads.test.ts',
  },
  {
    name: "only an image's own variants get links",
    file: 'packages/core/src/metadata-document.ts',
    code: 'document.variants.filter(({ key }) => isVariantKeyOf(image, key))',
    without: 'document.variants',
    test: 'services/upload-api/src/routes/get-image.test.ts',
  },
  {
    name: 'requests of an app have a limit',
    file: 'services/upload-api/src/http/api-handler.ts',
    code: '    requireRequestRate(event)\n',
    without: '',
    test: 'services/upload-api/src/routes/request-limits.test.ts',
  },
  {
    name: "SQS: a message names its image's original",
    file: EVENTS,
    code: 'if (data.s3Uri !== s3Uri(bucket, inputKey(data)))',
    without: 'if (false)',
    test: QUEUE_TEST,
  },
  {
    name: 'SQS: a message is about its subject',
    file: EVENTS,
    code: "if (subject !== data.imageId) return 'subject: it is not data.imageId'",
    without: '',
    test: QUEUE_TEST,
  },
  {
    name: "Kafka: a claim is under the app's prefix",
    file: CLAIMS,
    code: ' || !object.key.startsWith(prefix)',
    without: '',
    test: CLAIMS_TEST,
  },
  {
    name: 'Kafka: a claim is in this bucket',
    file: CLAIMS,
    code: ' || object.bucket !== bucket',
    without: '',
    test: CLAIMS_TEST,
  },
  {
    name: 'pages: a backend answers its own page',
    file: GUARDS,
    code: 'if (isOwnOrigin(request)) return',
    without: 'return',
    test: GUARDS_TEST,
  },
  {
    name: 'pages: a backend answers under its own names',
    file: GUARDS,
    code: 'if (!isAllowedHost(request.headers.host, allowedHosts))',
    without: 'if (false)',
    test: GUARDS_TEST,
  },
  {
    name: 'local stack: a request is signed',
    file: 'tools/local-aws/src/verify-signatures.ts',
    code: 'if (signatureOf(stringToSign, scope) === signature) return',
    without: 'return',
    test: 'tools/local-aws/src/verify-signatures.test.ts',
  },
]
