import { expect, test } from '@jest/globals'
import { domain } from './domain.ts'

const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b'
const WEB_ACL = 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/darkroom/0a1b'

/** With the stage parameters given, and the defaults of serverless.yml. */
const domainWith = (params: Record<string, string>) =>
  domain(async (address) => params[address.replace('param:', '')] ?? '')

test('without a domain there is nothing', async () => {
  expect(await domainWith({})).toEqual({})
})

test('a domain has CloudFront in front of the API, which caches nothing', async () => {
  expect(
    await domainWith({ domainName: 'images.example.com', certificateArn: CERTIFICATE, webAclArn: WEB_ACL }),
  ).toMatchObject({
    Resources: {
      Distribution: {
        Properties: {
          DistributionConfig: {
            Aliases: ['images.example.com'],
            WebACLId: WEB_ACL,
            Origins: [{ Id: 'api', CustomOriginConfig: { OriginProtocolPolicy: 'https-only' } }],
            DefaultCacheBehavior: {
              ViewerProtocolPolicy: 'https-only',
              CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
            },
          },
        },
      },
    },
  })
})

test.each<[string, Record<string, string>, string]>([
  [
    'no certificate',
    { certificateArn: '' },
    'certificateArn: set it to the ARN of a certificate in us-east-1',
  ],
  [
    "the API's region's certificate",
    { certificateArn: CERTIFICATE.replace('us-east-1', 'eu-west-1') },
    'in us-east-1, where CloudFront looks for it.',
  ],
  ['an address as domain', { domainName: 'https://images.example.com' }, 'domainName: set it to a domain'],
  ['a regional web ACL', { webAclArn: WEB_ACL.replace('global', 'regional') }, 'a web ACL for CloudFront'],
])('%s is refused in words', async (_, params, sentence) => {
  const right = { domainName: 'images.example.com', certificateArn: CERTIFICATE }
  await expect(domainWith({ ...right, ...params })).rejects.toThrow(sentence)
})
