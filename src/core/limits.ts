/**
 * Every bound on what a stranger may make us do, in one place; docs/limits.md explains each for operators.
 *
 * Octets unless the name says otherwise; durations in milliseconds when the name ends in `Ms`, else in seconds.
 */
export const limits = {
  dns: {
    messageOctets: 65535,
    udpPayload: 1232,
    /** Memory that a record may keep with it beside its own data. */
    keptOctets: 4096,
    records: 4096,
    recordsPerRrset: 256,
    rrsets: 512,
    signaturesPerRrset: 32,
    pointersPerName: 126,
    expandedNameOctets: 128 * 1024,
    ednsOptions: 100,
    /** Extended DNS Errors of one message that are read, and characters of the text of each. */
    extendedErrors: 4,
    extraTextCharacters: 256,
    zoneTextOctets: 16 * 1024 * 1024,
  },
  dnssec: {
    signaturesPerRrset: 8,
    failedDsMatches: 4,
    keysPerRrset: 64,
    dsPerRrset: 8,
    /** Of a DS record that is shown though it is of no use: as many as any digest has. */
    digestOctets: 64,
    keysWithOneTag: 2,
    /** Signature checks that failed, for one question and all it needed. KeyTrap (CVE-2023-50387). */
    failedChecks: 16,
    /** Signature checks in all, for one question and all it needed. */
    checks: 64,
    nsec3HashesPerDenial: 8,
    nsec3Iterations: 50,
    nsec3RecordsPerAnswer: 8,
    /** SHA-1 blocks for one question and all it needed (CVE-2023-50868). */
    nsec3Blocks: 600,
    rsaBitsMin: 512,
    rsaBitsMax: 4096,
    rsaExponentOctets: 5,
    importedKeys: 1000,
    /** Signatures known to be good, where many servers are asked for the same. */
    verifiedSignatures: 10_000,
    /** Unless told otherwise, and the most that may be told. */
    inceptionSkew: 60,
    inceptionSkewMax: 3600,
    /** How far ahead a negative trust anchor may end, and characters of its reason. RFC 7646 §4 */
    negativeAnchorKept: 604_800,
    negativeReasonCharacters: 200,
    /** How long one is used between two looks whether its zone validates again. RFC 7646 §4 */
    negativeProbePause: 3600,
    /** How long a new key must be seen before it is trusted, and a revoked one is remembered as such. RFC 5011 §2.4 */
    anchorHoldDown: 2_592_000,
    anchorRemoveHoldDown: 2_592_000,
    /** Between two looks at the keys of a trust anchor's zone, and after one that failed. RFC 5011 §2.3 */
    anchorQueryMin: 3600,
    anchorQueryMax: 1_296_000,
    anchorRetryMax: 86_400,
    trackedAnchors: 16,
    /** KeyDigest elements of a `root-anchors.xml`. RFC 9718 §2.1 */
    anchorDigests: 64,
  },
  resolver: {
    aliases: 11,
    referrals: 30,
    queries: 150,
    /** Of those, for one step on the way: all tries at the servers of one zone. */
    queriesPerStep: 50,
    questionMs: 20_000,
    retriesPerServer: 4,
    /** Questions that show a name little by little, and how many of them one label at a time. RFC 9156 §2.3 */
    minimiseCount: 10,
    minimiseOneLabel: 4,
    /** How much slower than the fastest a server may be and still be asked as often, and how long such is remembered. */
    fastEnoughMs: 400,
    learntKept: 900,
    /** How long it is remembered of a server that it knows no EDNS. */
    ednsBlindKept: 3600,
    /** Addresses in a row without a way there that show IPv4 or IPv6 to lead nowhere, and for how long. */
    familyTries: 3,
    familyPause: 60,
    /** How long a server that does not serve a zone is asked after all others. RFC 4697 §2.1 */
    lameKept: 300,
    /** How long it is remembered of a server that it changes the case of letters. */
    caseBlindKept: 3600,
    /** How long a server's cookie is good, and how long ours stays the same. RFC 9018 §4.3, RFC 7873 §7.1 */
    cookieKept: 3600,
    clientCookieKept: 86_400,
    /** How long a recursive server is believed to pass DNSSEC records on, and the questions by which it shows so. */
    capabilityKept: 3600,
    capabilityQueries: 6,
    /** Least time between two looks at /etc/resolv.conf. */
    resolvConfPause: 5,
    /** Sockets kept for servers that show a cookie: how many, how long without use, and questions from each. RFC 7873 §3 */
    udpKept: 64,
    udpKeptMs: 1000,
    udpKeptQuestions: 16,
    udpFirstTryMs: 400,
    udpLastTryMs: 1500,
    /** How long a recursive server may take at first where there is another to ask. */
    failOverMs: 800,
    /** Questions in a row that it leaves without an answer until it is down, and for how long: doubled each time. */
    silencesUntilDown: 4,
    downLeast: 10,
    downMost: 60,
    /** Every how many questions another than the fastest goes first; and how many recursive servers are told apart. */
    probeEvery: 20,
    recursiveServersKnown: 256,
    /** Recursive servers that fail (SERVFAIL) until the question does. */
    serversTriedOnFailure: 3,
    tcpConnectMs: 2000,
    tlsHandshakeMs: 2000,
    tcpIdleMs: 10_000,
    inFlightPerConnection: 10,
    /** Messages that answer nothing, until a connection ends; malformed answers, until a datagram's question does. */
    unaskedMessages: 32,
    malformedAnswers: 8,
    depth: 7,
    nameServersPerZone: 20,
    addressLookupsPerZone: 10,
    /** Name servers of a zone that turn out to have no address, until no more of them are looked up. */
    missingServersPerZone: 5,
    /** The same of all zones on the way, for one question and all it needs. NXNSAttack (CVE-2020-8616). */
    missingServers: 10,
    /** Addresses kept of one name server, and of all that are compared with each other and at once. */
    addressesPerServer: 8,
    addressesCompared: 64,
    comparedAtOnce: 16,
    /** Replies kept for who compares servers, how many octets of them, and for how long. */
    heard: 2000,
    heardOctets: 4 * 1024 * 1024,
    heardMs: 20_000,
    /** How long it is kept who serves a zone that was compared, and where its name servers are, and of how many. */
    comparedKept: 60,
    compared: 500,
    serversTriedWhenBogus: 3,
    ttl: 86_400,
    /** An hour, so that protection which is new is seen soon: RFC 2308 §5 has one hour to three work well. */
    negativeTtl: 3600,
    /** What is asked for in the last part of its life is asked for anew, were it but kept for so long. */
    refreshPart: 0.1,
    refreshLeastTtl: 10,
    refreshesAtOnce: 64,
    /** How long others go first at most when a lookup has had its turn, and may pause meanwhile. */
    othersFirstMs: 10,
    othersPauseMs: 1,
    /** Replies that are worked on in one turn of the event loop, and how long a turn may have taken when one more begins. */
    repliesInTurn: 4,
    turnMs: 0.5,
    /** Lookups that wait for their turn until another thread makes signature checks, if there is a processor for it. */
    waitingUntilSpread: 8,
    /** Of the checks that it has yet to make: how many, and what each may take with its key. */
    checksApart: 32,
    /** After each of them while others keep asking, as the other thread may have the processor that they need. */
    checkPauseMs: 0.06,
    checkOctets: 2048,
    bogusTtl: 60,
    failureTtl: 5,
    failureTtlMax: 300,
    cacheEntries: 20_000,
    cacheOctets: 32 * 1024 * 1024,
    /** Of the cache of answers, denials and failures: names, and types of each. */
    answers: 100_000,
    typesPerName: 100,
    answerOctets: 128 * 1024 * 1024,
    /** Of both, for who looks at one domain after the other. */
    passingEntries: 1000,
    passingAnswers: 5000,
    /** Of the denials that answer for other names: records, and what names may be hashed with besides. */
    denials: 10_000,
    denialOctets: 16 * 1024 * 1024,
    denialSaltOctets: 8,
    /** Of the replies that are saved for another process: what would end soon is not worth it. */
    savedOctets: 32 * 1024 * 1024,
    savedLeastTtl: 30,
    openSockets: 1024,
    waitingQuestions: 1024,
  },
  sts: {
    bodyOctets: 65_536,
    fetchMs: 60_000,
    /** For a refresh that mail waits for. */
    renewMs: 10_000,
    fetchPause: 300,
    maxAge: 31_557_600,
    headerOctets: 16 * 1024,
    policies: 1_000_000,
    refreshEvery: 86_400,
    refreshRetryMax: 21_600,
    refreshBatch: 1000,
    refreshesAtOnce: 8,
    /** Addresses of a policy host tried, and how long each may take to accept a connection. */
    addresses: 8,
    connectMs: 10_000,
  },
  store: {
    busyMs: 2000,
    /** Least time between two commits: the writes of that while share one. */
    commitPauseMs: 50,
    /** Policies looked through every second for damage. */
    scrubbedAtOnce: 100,
    failures: 10_000,
    failuresKeptMs: 86_400_000,
    anchors: 10_000,
    anchorsPerHost: 4,
    /** Names with trust anchors, with each set of records that an operator began with. */
    trustPoints: 100,
  },
  shared: {
    /** Of a policy in the shared store, every octet of its body escaped, and of what is kept of a fetch. */
    valueOctets: 512 * 1024,
    attemptOctets: 4096,
    /** How far ahead of ours the clock of another machine may be. */
    clockSkewMs: 60_000,
    /** How long the shared store may take to accept us, and for each answer; then it counts as away. */
    connectMs: 2000,
    answerMs: 500,
    /** Least and longest time between two attempts to reach it again; each is doubled, and spread by chance. */
    retryMs: 250,
    retryMostMs: 30_000,
    /** Questions to it that may be under way. */
    questions: 10_000,
    /** How long the turn of a machine that died blocks others; one that lives asks anew before a third of it is over. */
    turnMs: 9000,
    /** Between two looks of a machine that waits for another, spread by chance. */
    turnPollMs: 200,
    /** Between two looks for what other machines fetched, and policies of ours compared with theirs in each. */
    followMs: 2000,
    followedAtOnce: 100,
    /** Domains that are warned of at once because of what stands there for them. */
    warned: 1000,
    /** How long a policy stays there after its end. */
    keptMs: 86_400_000,
    /** Of the file with the password, and of that with certificate and key. */
    passwordOctets: 4096,
    clientFileOctets: 65_536,
  },
  smtp: {
    replyLineOctets: 2048,
    replyLines: 100,
    hosts: 10,
    addressesPerHost: 20,
    recipients: 1000,
    messageOctets: 100 * 1024 * 1024,
    transcriptOctets: 256 * 1024,
    /** A path may be 256 octets, brackets included. RFC 5321 §4.5.3.1.3 */
    mailboxOctets: 254,
    commandOctets: 1024,
    /** RFC 5321 §4.5.3.1.6 counts 1000 with the CRLF. */
    textLineOctets: 998,
    headerOctets: 1024 * 1024,
    transactionsPerSession: 20,
    domainsAtOnce: 8,
    anchors: 1000,
    anchorContexts: 100,
    connectMs: 30_000,
    greetingMs: 300_000,
    commandMs: 300_000,
    dataCommandMs: 120_000,
    dataBlockMs: 180_000,
    dataDoneMs: 600_000,
    handshakeMs: 120_000,
    quitMs: 5_000,
  },
  probe: {
    /** Connections to one address at once, and the pause before each further one. */
    connectionsAtOnce: 2,
    pauseMs: 250,
    /** Connections for one address, in quick and in full depth; and the time after which no more are made. */
    quickConnections: 6,
    fullConnections: 160,
    fullMs: 300_000,
    /** Connections in a row that no greeting comes of, until no more are made. */
    fruitless: 3,
    /** Before the second and last try at a server that is busy, or that greylists. */
    busyPauseMs: 30_000,
    connectMs: 10_000,
    greetingMs: 30_000,
    commandMs: 20_000,
    handshakeMs: 20_000,
    quitMs: 3000,
    /** Of the transcripts of all connections to one address, past which sessions are listed without theirs. */
    transcriptOctets: 512 * 1024,
    /** Of what is no SMTP, and of what came too early. */
    textOctets: 512,
    /** Of a server's first flight in TLS: certificates of a usual chain take a tenth. */
    flightOctets: 256 * 1024,
    /** Cipher suites and groups found, for one version. */
    suites: 96,
    groups: 32,
    /** Renegotiations asked for in one connection. */
    renegotiations: 11,
    /** Addresses probed at once, and of the results: how many are kept, how many octets, and for how long. */
    addressesAtOnce: 64,
    results: 10_000,
    resultOctets: 64 * 1024 * 1024,
    resultKeptMs: 600_000,
  },
  check: {
    /** Of one finding: how much of it is shown as evidence, and characters of each. */
    evidence: 64,
    evidenceCharacters: 4096,
    /** For the sessions with all MX hosts of a domain, beyond the time for its lookups. */
    sessionsMs: 90_000,
    /** For one fetch of a policy from one address. */
    policyMs: 20_000,
    /** Places that reports go to, of one record, that are looked at. */
    reportTargets: 4,
    /** Addresses whose certificates are kept as they were read, for reports about other domains with the same hosts. */
    certificatesRead: 1000,
    /** Domains whose reports are held for one text of all, as HTML or JUnit is. */
    documentDomains: 1000,
    /** Of a file of results that are compared. */
    resultFileOctets: 64 * 1024 * 1024,
  },
  watch: {
    /** Between two rounds of checks: no round may be answered from what probes keep. */
    everyMinMs: 900_000,
    everyMaxMs: 30 * 86_400_000,
    stateOctets: 64 * 1024 * 1024,
    /** Notices that wait to be delivered; past that the oldest is given up, with a warning. */
    pending: 1000,
    pendingOctets: 32 * 1024 * 1024,
    /** For how long one is tried, and the pause between two tries, first and at most. */
    keptMs: 7 * 86_400_000,
    retryMinMs: 60_000,
    retryMaxMs: 3_600_000,
    commandMs: 60_000,
    commandGraceMs: 5000,
    /** Of what a command says on standard error. */
    saidCharacters: 500,
    webhookMs: 30_000,
    /** Days ahead of a date on which it may be told of, and how many such numbers there may be. */
    warnDaysMax: 365,
    warnings: 8,
    untoldMax: 100,
  },
  decisions: {
    /** Decisions kept in memory, their octets, those of evidence kept with the latest, and of how many made in a second. */
    kept: 200_000,
    keptOctets: 128 * 1024 * 1024,
    evidenceOctets: 8 * 1024 * 1024,
    evidencePerSecond: 50,
    /** Destinations looked at at once, and those that may wait for their turn. */
    atOnce: 128,
    waiting: 10_000,
    /** Refreshes ahead of time under way at once. */
    refreshesAtOnce: 16,
    /** Least time that a decision is kept, failures included, and the longest. */
    leastKeptMs: 5_000,
    mostKeptMs: 86_400_000,
    /** For so many of its lives after it was last asked for, a decision is renewed before it ends; at most so long. */
    warmLives: 4,
    warmMs: 3_600_000,
    /** For one destination with all its lookups. */
    deadlineMs: 30_000,
  },
  archive: {
    octets: 256 * 1024 * 1024,
    /** A policy of its longest, every octet escaped. */
    lineOctets: 512 * 1024,
    keyOctets: 4096,
  },
  overrides: {
    kept: 10_000,
    /** Entries of the audit trail, none of which is ever taken away. */
    audited: 1_000_000,
    /** How long one may last that lowers protection or passes over, and one that raises it. */
    relaxMs: 90 * 86_400_000,
    requireMs: 3650 * 86_400_000,
    names: 20,
    reasonCharacters: 200,
    authorCharacters: 64,
  },
  postfix: {
    /** Of one question, as Postfix bounds it, and of an answer, which it takes up to 100,000 octets long. */
    queryOctets: 10_000,
    replyOctets: 99_000,
    /** Of the reason behind TEMP. */
    reasonOctets: 400,
    /** Of answers to QUERYwithTLSRPT that are kept ready; the others are put together when asked for. */
    reportAnswerOctets: 8 * 1024 * 1024,
    connections: 20_000,
    /** Of what is read of a client at once. */
    readOctets: 65_536,
    /** How long a connection may say nothing, leave a question unfinished, or leave answers unread. */
    idleMs: 600_000,
    unfinishedMs: 30_000,
    unreadMs: 60_000,
    /** Octets of answers that may wait for a client to read them before no more of its questions are read. */
    unreadOctets: 65_536,
    /** Of a question and of an answer of tcp_table, with its line end. tcp_table(5) */
    tcpTableOctets: 4096,
  },
  lines: {
    /** Of a question, and of the reason in its answer. */
    queryOctets: 2048,
    reasonOctets: 400,
    /** Of the TLSA records in an answer; what finds no room is left out. */
    tlsaOctets: 32_768,
    connections: 2000,
    /** How long a connection may take to ask, and to read its answer. */
    askMs: 10_000,
    readMs: 30_000,
  },
  events: {
    /** Destinations whose protection is remembered, and as many again whose history is, and which raised an alarm. */
    destinations: 50_000,
    /** Decisions of one destination that differed, how long they are kept, and the octets of all. */
    historyEach: 5,
    historyKeptMs: 604_800_000,
    historyOctets: 8 * 1024 * 1024,
    /** How long the same alarm about the same destination is not raised again. */
    repeatMs: 3_600_000,
  },
  http: {
    /** Of a request: its body, its line with all headers, and how many headers. */
    bodyOctets: 65_536,
    headerOctets: 16_384,
    headers: 50,
    /** From the first octet to the end of the headers, and of the whole request. */
    headersMs: 10_000,
    requestMs: 20_000,
    /** How long a connection may lie idle between requests, and how long nothing may move on one at work. */
    keepAliveMs: 15_000,
    stillMs: 90_000,
    connections: 512,
    requestsPerConnection: 1000,
    /** Of one client: requests at once, and each second from then on; and how many clients are told apart. */
    burst: 200,
    requestsPerSecond: 50,
    clients: 10_000,
    /** Lookups that HTTP clients wait for at once: Postfix has its turn among them. */
    lookupsAtOnce: 32,
    /** Between two refreshes of one destination, and how many are remembered for it. */
    refreshPauseMs: 5000,
    refreshesKept: 10_000,
    /** Decisions on one page of a list, unless told and at most. */
    pageUsual: 100,
    pageMost: 500,
    /** Decisions passed over in one go before others have their turn, and pages looked for at once. */
    listedInOneGo: 1000,
    listsAtOnce: 2,
    /** Of the file with the token, and the fewest characters of a token. */
    tokenFileOctets: 4096,
    tokenCharacters: 16,
    /** Of an answer that `waxseal query` reads, and how long it waits for one. */
    answerOctets: 16 * 1024 * 1024,
    answerMs: 60_000,
  },
  web: {
    /** Domains checked at once for visitors of the page, those that may wait, and the time that one check may take. */
    checksAtOnce: 4,
    checksWaiting: 40,
    checkMs: 120_000,
    /** How long a result is good for who asks next, and how many are held in memory for that, and octets of them. */
    reuseMs: 300_000,
    reused: 500,
    reusedOctets: 32 * 1024 * 1024,
    /** Of one client: checks at once, and the time after which it may start one more. */
    checksBurst: 6,
    checkEveryMs: 20_000,
    /** Of one client: requests at once, and each second from then on; and how many clients are told apart. */
    burst: 100,
    requestsPerSecond: 10,
    clients: 20_000,
    /** To one address that strangers name: connections in a row, and the time after which there may be one more. */
    targetBurst: 120,
    targetEveryMs: 2000,
    targets: 20_000,
    /** Visitors who may watch one check, and how often each is told that it goes on. */
    watchers: 50,
    heartbeatMs: 5000,
    /** Reports kept under their links: how many, their octets in all and each, and for how long. */
    reports: 20_000,
    reportsOctets: 512 * 1024 * 1024,
    reportOctets: 2 * 1024 * 1024,
    reportKeptMs: 2_592_000_000,
    /** Public reports that the first page lists. */
    listed: 10,
    /** Of the body of a form. */
    formOctets: 4096,
    /** Of the list of who does not want to be checked, and of one page of help. */
    optOutOctets: 1024 * 1024,
    optOutEntries: 100_000,
    helpOctets: 64 * 1024,
    /** Hosts for which set-up instructions are written out, and TLSA records of each. */
    setupHosts: 10,
    setupRecords: 8,
  },
  certificates: {
    chain: 10,
    octets: 64 * 1024,
    names: 1000,
  },
  names: {
    octets: 255,
    labelOctets: 63,
    /** Of a name as people write it, before it becomes A-labels. */
    textCharacters: 1024,
  },
  files: {
    configOctets: 1024 * 1024,
    rootHintsOctets: 1024 * 1024,
    trustAnchorOctets: 1024 * 1024,
    caOctets: 16 * 1024 * 1024,
    cacheOctets: 64 * 1024 * 1024,
    worldOctets: 1024 * 1024,
    listLines: 10_000_000,
    listLineOctets: 1024,
  },
  lab: {
    diaryEntries: 100_000,
    commandOctets: 4096,
    overheardOctets: 1024 * 1024,
  },
  senderTest: {
    commandWords: 1000,
    commandsAtOnce: 4,
    waitSeconds: 86_400,
    /** On a public host: test rounds that are remembered, for how long, and what is noted of each. */
    rounds: 1000,
    roundsPerClient: 200,
    roundMs: 7 * 86_400_000,
    arrivalsPerRound: 200,
    /** What one SMTP session may cost: octets, commands, time without a word and in all. */
    sessionOctets: 1024 * 1024,
    sessionCommands: 200,
    idleMs: 60_000,
    sessionMs: 300_000,
    /** Of SMTP and policy connections at once, over all addresses and of one client; of one client in a minute. */
    connections: 256,
    connectionsPerClient: 8,
    connectionsPerMinute: 120,
    clients: 10_000,
  },
  writing: {
    /** A program that changes a zone, how long it has to end when told to, and what is kept of its standard error. */
    commandMs: 120_000,
    commandGraceMs: 5000,
    saidCharacters: 500,
    /** Of a file with a TSIG key. */
    keyFileOctets: 16 * 1024,
    /** One update with the look at what came of it, the connection, and the answer to one message. */
    updateMs: 60_000,
    connectMs: 10_000,
    answerMs: 20_000,
    /** RRsets of a change that the server is asked for afterwards. */
    confirmedRrsets: 100,
    /** How often it is asked again while it shows no change, and the pause before each. */
    looks: 20,
    lookPauseMs: 250,
  },
  keyFiles: {
    /** Of a file with certificates, keys or a request, and the objects in one. */
    octets: 1024 * 1024,
    objects: 100,
    /** Of a file in which an ACME client keeps its settings for one certificate. */
    settingsOctets: 256 * 1024,
    /** Entries of a directory that are looked at for certificates. */
    entries: 10_000,
  },
  tlsrpt: {
    /** Of one report as it lies there, unpacked, and how many times longer it may become by that. */
    packedOctets: 1024 * 1024,
    octets: 10 * 1024 * 1024,
    ratio: 200,
    /** How deep its JSON may be nested: a report is so 6 deep. */
    depth: 32,
    policies: 10_000,
    details: 100_000,
    /** Texts in one list, characters of each, and what is noted of one report. */
    strings: 256,
    textCharacters: 1024,
    notes: 256,
    /** From the beginning of what it tells of to the end. */
    rangeMs: 366 * 86_400_000,
    /** Files of a folder of reports, and octets of all unpacked. */
    files: 10_000,
    folderOctets: 512 * 1024 * 1024,
  },
  policyServer: {
    /** Of a ClientHello; in how many pieces it may come, and how long it and the handshake may take. */
    helloOctets: 16_384,
    helloPieces: 64,
    helloMs: 10_000,
    handshakeMs: 10_000,
    /** Of a request: its line with all headers, and how many headers; from its first octet to the end of them, and whole. */
    headerOctets: 8192,
    headers: 50,
    headersMs: 10_000,
    requestMs: 20_000,
    /** How long a connection may lie idle between requests, and how long nothing may move on one at work. */
    keepAliveMs: 10_000,
    stillMs: 30_000,
    requestsPerConnection: 1000,
    /** Connections at once, and those of one client: an IPv4 address, or the /64 of an IPv6 address. */
    connections: 10_000,
    connectionsPerClient: 100,
    /** Of a token in a challenge of ACME. */
    tokenCharacters: 256,
    /** TLS contexts kept, some 30 KiB each; files of certificates, and octets of one. */
    contexts: 10_000,
    certificateEntries: 1000,
    certificateOctets: 256 * 1024,
    /** Between two looks at whether the files of a certificate have changed. */
    certificateLookMs: 60_000,
    /** Different troubles with files that are told of once each. */
    troublesTold: 1000,
    /** Domains with a policy, profiles, and octets of a list of domains and of the copy that is kept of all. */
    domains: 200_000,
    profiles: 1000,
    listOctets: 64 * 1024 * 1024,
    copyOctets: 256 * 1024 * 1024,
    /** Files read before others have their turn. */
    filesInOneGo: 200,
    /** Delegated domains that are remembered, and names that are none; lookups at once, in a row, and in a second from then on. */
    delegations: 100_000,
    strangers: 10_000,
    lookupsAtOnce: 32,
    lookupsBurst: 500,
    lookupsPerSecond: 20,
    lookupMs: 5000,
    /** How long a delegation counts before it is looked at again, and after lookups that fail; how long a name is none. */
    delegationLeastMs: 300_000,
    delegationMostMs: 86_400_000,
    delegationKeptMs: 7 * 86_400_000,
    strangerMs: 60_000,
    /** Of the configuration. */
    configOctets: 16 * 1024 * 1024,
    /** Domains whose fetches are counted each, and networks of senders that are remembered. */
    countedDomains: 1000,
    networks: 10_000,
    /** Different User-Agent texts whose kind is remembered. */
    agents: 1000,
    /** How long, when the server is stopped, connections without a request are waited for. */
    silentMs: 1000,
    /** Certificates whose end is looked for in a second. */
    endsPerSecond: 50,
    /** How long files must have been left alone before they are read again because they changed. */
    settleMs: 1000,
  },
  acme: {
    /** Of one answer of an authority, and of its head. */
    bodyOctets: 256 * 1024,
    headerOctets: 16 * 1024,
    requestMs: 30_000,
    urlCharacters: 2048,
    tokenCharacters: 256,
    nonceCharacters: 256,
    /** Nonces that are kept for requests to come; for how often a request is sent again because one was not taken. */
    nonces: 16,
    nonceTries: 8,
    profiles: 100,
    authorizations: 10,
    challenges: 32,
    subproblems: 10,
    problemCharacters: 500,
    /** Of one order in all; how often it is asked for, and the pause between two times. */
    orderMs: 600_000,
    polls: 60,
    pollMinMs: 500,
    pollMaxMs: 30_000,
    /** How long a name is left alone after a failure, first and at most; and the authority. */
    backOffMinMs: 900_000,
    backOffMaxMs: 86_400_000,
    pauseMinMs: 60_000,
    pauseMaxMs: 3_600_000,
    /** Between two questions when to renew one certificate. RFC 9773 §4.3 */
    renewalInfoMinMs: 60_000,
    renewalInfoMs: 6 * 3_600_000,
    renewalInfoMaxMs: 86_400_000,
    /** Names that have or want a certificate. */
    names: 100_000,
    /** Between two looks at what is due, however far off that is: clocks are set. */
    lookMs: 600_000,
    /** Of one file of the folder of certificates; of the list of names that wait for their first. */
    fileOctets: 1024 * 1024,
    queueOctets: 32 * 1024 * 1024,
    /** How long an order is gone on with after it was begun. */
    orderKeptMs: 86_400_000,
    /** Questions when to renew that are asked at once. */
    renewalInfoAtOnce: 2,
  },
  acmeBudget: {
    /** Orders unless told otherwise, and the most that may be told. */
    perHour: 60,
    perDay: 500,
    perWeek: 2500,
    ordersMost: 100_000,
    atOnce: 4,
    atOnceMost: 64,
    /** Of the file with the key of an external account. RFC 8555 §7.3.4 */
    externalKeyOctets: 4096,
  },
  doctor: {
    /** Of one host: steps and TLSA records that are told. */
    steps: 50,
    records: 100,
  },
  rollover: {
    /** Of the file that remembers one host: octets, RRsets that caches may have, keys, and events. */
    stateOctets: 1024 * 1024,
    sets: 64,
    keys: 64,
    /** How long one run waits for another with the same host, and how often it looks. */
    lockMs: 60_000,
    lockPollMs: 200,
    /** After which a change that some server lacks is written again. */
    rewriteMs: 3_600_000,
    /** Aliases from the owner name of TLSA records to where they stand. */
    aliases: 8,
    /** Seconds for which resolvers elsewhere may keep a denial, where no SOA record says less. RFC 2308 §5 */
    denialTtl: 10_800,
    /** For one look at all name servers and all addresses of a host. */
    lookMs: 120_000,
  },
  setup: {
    /** CAA records that are shown. */
    caaShown: 8,
    /** For which a policy stays in mode testing, unless an operator knows better. */
    testingSeconds: 1_209_600,
    /** Places for reports that one record may name. */
    reportTargets: 10,
    /** Addresses of a policy host that may be given. */
    policyAddresses: 16,
    /** Of answers to our questions on a terminal: characters of one, and how often one that cannot be meant is asked again. */
    answerCharacters: 1000,
    answerTries: 5,
    /** Between two looks of --verify: at first and after news, the growth while nothing happens, in percent, and the most. */
    pauseMs: 10_000,
    pauseGrowth: 150,
    pauseMostMs: 300_000,
    /** How long --verify watches unless told, and at most. */
    verifyMs: 86_400_000,
    verifyMostMs: 2_592_000_000,
  },
  stsWays: {
    /** Of the file that remembers a domain's policies, and policies in it. */
    stateOctets: 8 * 1024 * 1024,
    terms: 1000,
    /** How long one run waits for another with the same domain, and how often it looks. */
    lockMs: 60_000,
    lockPollMs: 200,
    /** Looks of one run: each step that it takes is looked for before the next. */
    looks: 8,
    /** Days that a stage may be made to last. */
    days: 365,
  },
} as const
