// Prometheus and libxml judge what is made of reports.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { formatJunit } from '../../src/core/check/formats/junit.ts'
import { formatPrometheus } from '../../src/core/check/formats/prometheus.ts'
import { brokenReport, goodReport, saying } from '../support/sample-report.ts'
import { openStage, run } from './servers.ts'

const stage = openStage()
after(() => stage.stop())

const hostile = '\x1b]0;x\x07</failure>]]>&#0;"\' \ud800 \ufffe \u202e\n# TYPE x gauge'

test('promtool check metrics finds nothing to say', () => {
  for (const reports of [[goodReport], [brokenReport, goodReport], [saying(hostile)]]) {
    assert.equal(run('sh', ['-c', 'promtool check metrics 2>&1'], { input: formatPrometheus(reports) }), '')
  }
})

/** What the schema of Ant's JUnit task asks for, and that of Jenkins as far as it asks for more. */
const schema = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="moment"><xs:restriction base="xs:dateTime">
    <xs:pattern value="[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"/>
  </xs:restriction></xs:simpleType>
  <xs:complexType name="problem"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="message" type="xs:string"/>
    <xs:attribute name="type" type="xs:string" use="required"/>
  </xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="skip"><xs:attribute name="message" type="xs:string"/></xs:complexType>
  <xs:complexType name="case">
    <xs:choice minOccurs="0">
      <xs:element name="skipped" type="skip"/>
      <xs:element name="error" type="problem"/>
      <xs:element name="failure" type="problem"/>
    </xs:choice>
    <xs:attribute name="name" type="xs:token" use="required"/>
    <xs:attribute name="classname" type="xs:token" use="required"/>
    <xs:attribute name="time" type="xs:decimal" use="required"/>
  </xs:complexType>
  <xs:complexType name="suite">
    <xs:sequence>
      <xs:element name="properties"/>
      <xs:element name="testcase" type="case" minOccurs="0" maxOccurs="unbounded"/>
      <xs:element name="system-out" type="xs:string"/>
      <xs:element name="system-err" type="xs:string"/>
    </xs:sequence>
    <xs:attribute name="name" use="required"><xs:simpleType><xs:restriction base="xs:token"><xs:minLength value="1"/></xs:restriction></xs:simpleType></xs:attribute>
    <xs:attribute name="timestamp" type="moment" use="required"/>
    <xs:attribute name="hostname" use="required"><xs:simpleType><xs:restriction base="xs:token"><xs:minLength value="1"/></xs:restriction></xs:simpleType></xs:attribute>
    <xs:attribute name="tests" type="xs:int" use="required"/>
    <xs:attribute name="failures" type="xs:int" use="required"/>
    <xs:attribute name="errors" type="xs:int" use="required"/>
    <xs:attribute name="skipped" type="xs:int"/>
    <xs:attribute name="time" type="xs:decimal" use="required"/>
    <xs:attribute name="package" type="xs:token" use="required"/>
    <xs:attribute name="id" type="xs:int" use="required"/>
  </xs:complexType>
  <xs:element name="testsuites"><xs:complexType><xs:sequence>
    <xs:element name="testsuite" type="suite" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
`

const validate = `use XML::LibXML;
XML::LibXML::Schema->new(location => $ARGV[0])->validate(XML::LibXML->load_xml(location => $ARGV[1]));
print XML::LibXML->load_xml(location => $ARGV[1])->findvalue('string(//failure)');`

test('libxml takes JUnit for valid, and reads the texts as they were written', () => {
  const file = (name: string, text: string) => {
    writeFileSync(join(stage.folder, name), text)
    return join(stage.folder, name)
  }
  const valid = (reports: Parameters<typeof formatJunit>[0]) =>
    run('perl', ['-e', validate, file('junit.xsd', schema), file('junit.xml', formatJunit(reports))])
  assert.equal(valid([brokenReport, goodReport]), brokenReport.why.join())
  assert.match(
    valid([saying(hostile)]),
    /^\\x1b\]0;x\\x07<\/failure>\]\]>&#0;"' \\ud800 \\ufffe \\u202e\n# TYPE x gauge$/,
  )
  assert.equal(valid([]), '')
})
