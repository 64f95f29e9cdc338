/** Of the pages around reports, on top of the style of reports. Light and dark come from its colours. */
export const siteStyle = `
body{max-width:64rem;padding:0 1rem 2rem}
.skip{position:absolute;left:-100rem}
.skip:focus{position:static;display:inline-block;padding:.5rem}
header.site{border-bottom:1px solid var(--line);margin-bottom:1.25rem}
header.site nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:center}
header.site a{display:inline-block;padding:.7rem 0}
header.site .brand{font-weight:700;color:var(--ink);text-decoration:none;margin-right:auto;font-size:1.1rem}
.brand::before{content:"";display:inline-block;width:1rem;height:1rem;border-radius:50%;background:#b3141c;margin-right:.5rem;vertical-align:-.1rem}
footer.site{border-top:1px solid var(--line);margin-top:3rem;color:var(--faint);font-size:.9rem}
h1{margin:.5rem 0 .75rem}
.lead{font-size:1.1rem;max-width:44rem}
main>p,main>section>p,.help p,.help li{max-width:44rem}
form.check{background:var(--soft);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:1.5rem 0}
form.check>label{display:block;font-weight:600;margin-bottom:.35rem}
.row{display:flex;flex-wrap:wrap;gap:.5rem}
input[type=text]{flex:1 1 14rem;min-width:0;width:100%;font:inherit;padding:.6rem .75rem;border:1px solid var(--faint);border-radius:.35rem;background:var(--paper);color:var(--ink)}
input[aria-invalid=true]{border:2px solid var(--bad)}
input::placeholder{color:var(--faint);opacity:1}
button{font:inherit;font-weight:600;padding:.6rem 1.25rem;border:1px solid var(--link);border-radius:.35rem;background:var(--link);color:var(--paper);cursor:pointer}
button:hover{filter:brightness(1.1)}
.option{margin-top:1rem;display:flex;align-items:center;gap:.5rem}
.option input{width:1.25rem;height:1.25rem;margin:0;accent-color:var(--link)}
.option label{padding:.25rem 0}
.hint{margin:.35rem 0 0;color:var(--faint);font-size:.92rem}
.fault{margin:.5rem 0 0;color:var(--bad)}
.lately,.findings{list-style:none;padding:0}
.lately li,.findings li{padding:.4rem 0;border-bottom:1px solid var(--line)}
.lately small,.findings small{white-space:nowrap}
nav.pages ul,nav.pages ol{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:0 0 1rem;padding:0}
nav.pages a,.back a{display:inline-block;padding:.4rem 0}
.private{border:1px solid var(--line);border-radius:.35rem;padding:.5rem .75rem;background:var(--soft)}
.progress:has(~.shell){display:none}
.steps{padding-left:0;list-style:none}
.steps li{border-left:.3rem solid var(--good);background:var(--soft);padding:.5rem .75rem;margin:.5rem 0}
.steps strong{display:block}
.steps::after{content:"Working \\2026";display:block;padding:.5rem .75rem;border-left:.3rem solid var(--line);color:var(--faint)}
.progress:has(~*) .steps::after{display:none}
figure{margin:1rem 0}
figcaption{font-weight:600;margin-bottom:.35rem}
.drawing{overflow-x:auto;width:fit-content;max-width:100%;border:1px solid var(--line);border-radius:.35rem}
.drawing img{display:block;width:47.5rem;min-width:36rem;max-width:100%;height:auto}
.step-done{color:var(--good)}
.step-to-do{color:var(--bad)}
.step-others,.step-unknown{color:var(--weak)}
h2 .badge{vertical-align:.15em;margin-left:.35rem}
details:not(.finding){border:1px solid var(--line);border-radius:.35rem;margin:.5rem 0;padding:0 .75rem}
details:not(.finding)[open]{padding-bottom:.5rem}
details:not(.finding)>summary{padding:.5rem 0;font-weight:600}
time,[aria-labelledby=protocols] th{white-space:nowrap}
.again pre{white-space:pre-wrap}
code{font-family:ui-monospace,monospace;font-size:.92em}
@media (max-width:40rem){
table:not(.grid) thead,.grid thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,td,th[scope=row],th[scope=rowgroup]{display:block;width:auto}
tr{border-bottom:1px solid var(--line);padding:.4rem 0}
th,td{border:0;padding:.1rem 0}
td:empty{display:none}
.grid{white-space:normal}
.grid .host{padding:0;margin-top:.5rem}
.grid .host th{padding:.4rem .5rem}
.grid td{position:relative;padding-left:7rem}
.grid td>.hidden{position:static;width:auto;height:auto;clip-path:none;overflow:visible}
pre{white-space:pre-wrap}
.grid td[colspan]{display:none}
.grid td::before{position:absolute;left:0;color:var(--faint);font-weight:400;content:""}
.grid td:nth-last-child(8)::before{content:"Connection"}
.grid td:nth-last-child(7)::before{content:"STARTTLS"}
.grid td:nth-last-child(6)::before{content:"Key"}
.grid td:nth-last-child(5)::before{content:"TLS"}
.grid td:nth-last-child(4)::before{content:"Chain"}
.grid td:nth-last-child(3)::before{content:"Name"}
.grid td:nth-last-child(2)::before{content:"Until"}
.grid td:nth-last-child(1)::before{content:"TLSA"}
.grid tr:has(td[colspan]) td:nth-last-child(3)::before{content:"Connection"}
.grid tr:has(td[colspan]) td:nth-last-child(2)::before{content:"STARTTLS"}
}
@media print{
header.site,footer.site,.skip,nav.pages,.again,.progress{display:none}
details:not([open])>*{display:block}
details::details-content{content-visibility:visible;display:block;height:auto}
.drawing{overflow:visible;border:0}
.drawing img{min-width:0;max-width:100%}
a{text-decoration:none}
}
`
