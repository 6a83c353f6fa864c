//! temp
use burn::nn::conv::*; use burn::nn::PaddingConfig2d; use burn::tensor::*; use std::time::Instant;
fn main(){
 let d=Device::flex().autodiff();
 let b=8;
 let time=|name:&str,f:&dyn Fn(Tensor<4>)->Tensor<4>,c:usize,h:usize|{
  let mut tf=vec![];let mut tb=vec![];
  for _ in 0..6{ let x=Tensor::<4>::random([b,c,h,h],Distribution::Default,&d).require_grad(); let t=Instant::now(); let y=f(x); let _=y.clone().inner().slice([0..1,0..1,0..1,0..1]).into_data(); tf.push(t.elapsed().as_secs_f64()*1e3); let t=Instant::now(); let g=y.sum().backward(); std::hint::black_box(&g); tb.push(t.elapsed().as_secs_f64()*1e3);}
  tf.sort_by(f64::total_cmp);tb.sort_by(f64::total_cmp);
  println!("{name:28} fwd {:7.2} bwd {:7.2}",tf[2],tb[2]);
 };
 for (n,i,o,k,s,p,h) in [("enc1",1,32,4,2,1,128),("enc2",32,32,4,2,1,64),("enc3",32,32,3,1,1,32),("enc4",32,64,4,2,1,32),("enc5",64,64,3,1,1,16),("enc6",64,128,4,2,1,16),("enc7",128,64,3,1,1,8),("enc8",64,32,3,1,1,8),("lat",32,100,8,1,0,8),
  ("dec1",32,64,3,1,1,8),("dec2",64,128,3,1,1,8),("d3c",128,64,3,1,1,8),("dec4",64,64,3,1,1,16),("d5c",64,32,3,1,1,16),("dec6",32,32,3,1,1,32),("d7c",32,32,3,1,1,32),("d8c",32,8,3,1,1,64),("d8c32-32",32,32,3,1,1,64),("out",8,1,3,1,1,128),("out16",16,1,3,1,1,128)]{
  let c=Conv2dConfig::new([i,o],[k,k]).with_stride([s,s]).with_padding(PaddingConfig2d::Explicit(p,p,p,p)).init(&d);
  time(n,&|x|c.forward(x),i,h);
 }
 for (n,i,o,k,s,h) in [("latT",100,32,8,1,1),("t3",64,64,2,2,8),("t5",32,32,2,2,16),("t7",32,32,2,2,32),("t8",8,8,2,2,64),("t8-4",4,4,2,2,64),("t8-1",1,1,2,2,64)]{
  let c=ConvTranspose2dConfig::new([i,o],[k,k]).with_stride([s,s]).init(&d);
  time(n,&|x|c.forward(x),i,h);
 }
 for (n,i,o,h) in [("mm t3",64,64,8),("mm t5",32,32,16),("mm t7",32,32,32),("mm t8 16-1",16,1,64)]{
  let w=Tensor::<4>::random([i,o,2,2],Distribution::Default,&d).require_grad(); let bias=Tensor::<1>::random([o],Distribution::Default,&d).require_grad();
  time(n,&|x|{ let [b,c,hh,ww]=x.dims(); let x=x.reshape([b,c,hh*ww]); let w=w.clone().reshape([1,i,o*4]).swap_dims(1,2).expand([b,o*4,i]); let y=w.matmul(x); let y=y.reshape([b,o,2,2,hh,ww]).permute([0,1,4,2,5,3]).reshape([b,o,hh*2,ww*2]); y+bias.clone().reshape([1,o,1,1])},i,h);
 }
 for (n,i,o,h) in [("t8 16-1",16,1,64)]{ let c=ConvTranspose2dConfig::new([i,o],[2,2]).with_stride([2,2]).init(&d); time(n,&|x|c.forward(x),i,h); }
 for (n,i,o,h) in [("c32-16@64",32,16,64),("c32-4@64",32,4,64)]{ let c=Conv2dConfig::new([i,o],[3,3]).with_padding(PaddingConfig2d::Explicit(1,1,1,1)).init(&d); time(n,&|x|c.forward(x),i,h); }
 for (n,i,o,h) in [("slices c32-32@64",32,32,64),("slices c64-64@16",64,64,16)]{ let w=Tensor::<2>::random([o,i*9],Distribution::Default,&d).require_grad();
   time(n,&|x|{ let [b,c,hh,ww]=x.dims(); let xp=x.pad((1,1,1,1),burn::tensor::ops::PadMode::Constant(0.0)); let mut v=vec![]; for dy in 0..3{for dx in 0..3{ v.push(xp.clone().slice([0..b,0..c,dy..dy+hh,dx..dx+ww])); }} let cols=Tensor::cat(v,1).reshape([b,c*9,hh*ww]); w.clone().reshape([1,o,i*9]).expand([b,o,i*9]).matmul(cols).reshape([b,o,hh,ww]) },i,h); }
 for (n,c,h) in [("leaky8@128",8,128),("leaky32@64",32,64),("leaky 32@32",32,32)]{ let l=burn::nn::LeakyReluConfig::new().with_negative_slope(0.2).init(); time(n,&|x|l.forward(x),c,h);
  time("  relu",&|x|activation::relu(x),c,h);
  time("  max form",&|x|x.clone().max_pair(x.mul_scalar(0.2)),c,h);
  time("  relu form",&|x|activation::relu(x.clone()).mul_scalar(0.8)+x.mul_scalar(0.2),c,h);
 }
 time("sigmoid",&|x|activation::sigmoid(x),1,128);
 let l=host_trainer::loss::SsimLoss::new(shared::image::Size::new(128,128),&d);
 let y=Tensor::<4>::random([b,1,128,128],Distribution::Default,&d);
 time("loss",&|x|l.forward(x,y.clone()).reshape([1,1,1,1]),1,128);
}
#[allow(dead_code)] fn unused(){}
