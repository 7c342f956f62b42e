(()=>{'use strict';
const d=document,root=d.documentElement,all=(s,r=d)=>[...r.querySelectorAll(s)],low=e=>e?e.textContent.toLowerCase():'';
root.classList.add('js');

// The theme works by style alone; the script only remembers it, where the browser lets a file do so.
const key='stanchion-theme';
all('[name=t]').forEach(i=>{
  try{if(localStorage.getItem(key)===i.value)i.checked=true}catch(e){}
  i.addEventListener('change',()=>{try{localStorage.setItem(key,i.value)}catch(e){}});
});

// Opens what an address points at, and shows it if the filter hides it.
const go=()=>{
  const at=location.hash.length>1&&d.getElementById(decodeURIComponent(location.hash.slice(1)));
  if(!at||!at.matches('tbody.g'))return;
  if(at.hidden)clear();
  at.querySelector('details').open=true;
  at.scrollIntoView();
};

// Paper shows the essentials of what is closed on the screen, where style cannot open it.
let opened=[];
if(!CSS.supports('selector(::details-content)')){
  addEventListener('beforeprint',()=>{opened=all('details.o:not([open])');opened.forEach(e=>e.open=true)});
  addEventListener('afterprint',()=>opened.forEach(e=>e.open=false));
}

const table=d.querySelector('table.g');
let clear=()=>{};
if(table){
  const form=d.querySelector('.tools'),q=d.getElementById('q'),hits=d.getElementById('hits'),none=d.getElementById('none'),chips=all('.chips button');
  // Words that mean a property and not a piece of text.
  const exact=/^(malicious|critical|high|medium|low|exploited|fixable|denied|overdue|excepted|direct|runtime|optional|build|test|dev)$/,severity=/^(malicious|critical|high|medium|low)$/;
  const short={rce:'remote-code-execution',dos:'denial-of-service',xss:'cross-site-scripting',ssrf:'request-forgery',csrf:'request-forgery',sqli:'injection',kev:'exploited'};
  const groups=all('tbody.g').map((el,at)=>({el,at,name:el.dataset.n,findings:all('.f',el)}));
  let ready=false;
  // Only when somebody filters: a report of thousands of findings opens at once.
  const index=()=>{
    if(ready)return;
    ready=true;
    for(const g of groups){
      const base=[low(g.el.querySelector('.a th')),g.el.querySelector('.a th').title.toLowerCase(),low(g.el.querySelector('.a .e')),low(g.el.querySelector('.meta'))].join(' ');
      g.findings=g.findings.map(el=>({el,k:' '+el.dataset.k+' ',hay:base+' '+low(el.querySelector('summary'))+' '+low(el.querySelector('.w dl'))+' '+el.dataset.q}));
    }
  };
  const number=(n,one,many)=>n.toLocaleString('en-GB')+' '+(n===1?one:many);
  const apply=()=>{
    index();
    const words=q.value.toLowerCase().split(/\s+/).filter(Boolean).map(w=>{const not=w.length>1&&w[0]==='-',t=not?w.slice(1):w;return{not,t:short[t]||t}});
    const on=chips.filter(c=>c.getAttribute('aria-pressed')==='true').map(c=>c.dataset.k),sev=on.filter(k=>severity.test(k)),flag=on.filter(k=>!severity.test(k));
    let seen=0,total=0,rows=0;
    for(const g of groups){
      let some=0;
      for(const f of g.findings){
        const has=w=>exact.test(w)?f.k.includes(' '+w+' '):f.hay.includes(w);
        const ok=words.every(w=>has(w.t)!==w.not)&&(!sev.length||sev.some(has))&&flag.every(has);
        f.el.hidden=!ok;total++;if(ok)some++;
      }
      g.el.hidden=!some;seen+=some;if(some)rows++;
    }
    none.hidden=seen>0;table.hidden=!seen;
    hits.textContent=words.length||on.length?seen.toLocaleString('en-GB')+' of '+number(total,'finding','findings')+', in '+number(rows,'component','components'):number(total,'finding','findings')+' in '+number(rows,'component','components');
  };
  clear=()=>{q.value='';chips.forEach(c=>c.setAttribute('aria-pressed','false'));apply()};
  let timer;
  q.addEventListener('input',()=>{clearTimeout(timer);timer=setTimeout(apply,80)});
  form.addEventListener('submit',e=>e.preventDefault());
  chips.forEach(c=>c.addEventListener('click',()=>{c.setAttribute('aria-pressed',c.getAttribute('aria-pressed')!=='true');apply()}));
  all('.tiles [data-k]').forEach(a=>a.addEventListener('click',()=>{chips.forEach(c=>c.setAttribute('aria-pressed',c.dataset.k===a.dataset.k));q.value='';apply()}));
  d.addEventListener('keydown',e=>{
    if(e.key==='/'&&!e.ctrlKey&&!e.metaKey&&!e.altKey&&!e.target.matches('input[type=search]')){e.preventDefault();q.focus();q.select()}
    else if(e.key==='Escape'&&e.target===q)clear();
  });
  // A heading that sorts becomes a button.
  all('[data-sort]',table).forEach(th=>{
    const b=d.createElement('button');
    b.type='button';b.textContent=th.dataset.label=th.textContent;th.textContent='';th.append(b);
    if(th.dataset.sort==='score')th.setAttribute('aria-sort','descending');
    b.addEventListener('click',()=>{
      const score=th.dataset.sort==='score',now=th.getAttribute('aria-sort'),up=now?now==='descending':!score;
      all('[data-sort]',table).forEach(o=>o.removeAttribute('aria-sort'));
      th.setAttribute('aria-sort',up?'ascending':'descending');
      const by=score?(a,b)=>b.at-a.at:(a,b)=>a.name<b.name?-1:a.name>b.name?1:a.at-b.at;
      table.append(...[...groups].sort((a,b)=>up?by(a,b):by(b,a)).map(g=>g.el));
    });
  });
  table.addEventListener('click',e=>{
    const row=e.target.closest('.a');
    if(row&&!String(getSelection())){const o=row.parentNode.querySelector('details');o.open=!o.open}
  });
  form.hidden=false;
  hits.textContent=number(groups.reduce((n,g)=>n+g.findings.length,0),'finding','findings')+' in '+number(groups.length,'component','components');
}
addEventListener('hashchange',go);
go();
})();
